"""What the two tasks of the LSTM without the output tanh share (casebook: lstm-without-tanh).

Its initialiser reseeds the generator for each of the eight arrays, so all four gates begin with identical weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from harness.errors import BadInput
from harness.training.options import Options, given
from harness.training.setting import Meter, Setting
from references.model import Model

HIDDEN = 100
VARIANTS = {"identity": "h = s ⊙ o, as published", "tanh": "h = tanh(s) ⊙ o, as in the paper"}


def uniform(seed: int, *shape: int) -> np.ndarray:
    """In [−0.1, 0.1), from the same seed at every call."""
    return np.random.RandomState(seed).random_sample(shape) * 0.2 - 0.1


def initial(seed: int, H: int, D: int) -> dict[str, np.ndarray]:
    """The published initial weights, all gates alike: each (H, D + H), x first, and (H,)."""
    W = uniform(seed, H, D + H)
    stacked = {"W_ih": W[:, :D], "W_hh": W[:, D:]}
    weights = {name: np.ascontiguousarray(np.tile(part, (4, 1))) for name, part in stacked.items()}
    return weights | {"b_ih": np.tile(uniform(seed, H), 4)}


def variants(
    task: str,
    options: Options,
    data: str,
    batch: Mapping[str, np.ndarray],
    rate: float,
    updates: int,
    meter: Callable[[bool], Callable[[], Meter]],
) -> list[Setting]:
    """The published variant, and beside it the one that was asked for, on the same data at every update.

    ``meter`` is given whether all is as published.
    """
    if options.activation is not None and options.activation not in VARIANTS:
        raise BadInput(f"activation: got {options.activation!r}, allowed: {', '.join(VARIANTS)}")
    options.refuse(task, "data")
    H, D = given(options.hidden, HIDDEN), batch["x"].shape[-1]
    chosen = dict.fromkeys(("identity", given(options.activation, "identity")))
    return [
        Setting(
            title=VARIANTS[activation],
            data=data,
            model=Model("lstm", activation, "first-unit-squared-error", "sum", 1, False),
            params=initial(given(options.seed, 0), H, D),
            rate=given(options.rate, rate),
            updates=updates,
            batch=lambda update: dict(batch),
            meter=meter(options.as_published and activation == "identity"),
            clip=options.clipping(),
        )
        for activation in chosen
    ]
