"""Sampling from a character model, one symbol after the other, each the input of the next step.

The published rule for names: the first input and the states are zero; before each draw the generator is seeded, with a
number that grows by two from symbol to symbol; a symbol is drawn from the softmax of the readout, until it is the one
that ends a name, at most 50.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

import handgrad
from references.model import Model

LONGEST = 50
#: probabilities of the symbols, and how many were drawn before → an index
Draw = Callable[[np.ndarray, int], int]


def published(seed: int) -> Draw:
    """Seeded anew before each draw, as published: symbol n by ``seed`` + 2 n."""
    return lambda p, n: int(np.random.RandomState(seed + 2 * n).choice(len(p), p=p))


def sample(
    model: Model, params: Mapping[str, np.ndarray], draw: Draw, stop: int | None = None, longest: int = LONGEST
) -> list[int]:
    """The indices of one sample; ``stop`` ends it, and is added where it did not come up in ``longest`` symbols."""
    V = params["W_hy"].shape[0]
    x = np.zeros((1, 1, V))  # T B D
    states: dict[str, np.ndarray] = {}
    found: list[int] = []
    while len(found) < longest and (not found or found[-1] != stop):
        trace = _forward(model, {**params, "x": x, **states})
        p = np.exp(trace["z"][0, 0] - trace["z"].max())
        found.append(draw(p / p.sum(), len(found)))
        x = np.eye(V)[found[-1]][np.newaxis, np.newaxis]
        states = {f"{state}0": trace[state][-1] for state in model.equations.STATES}
    return [*found, stop] if stop is not None and found[-1] != stop else found


def spoken(indices: Sequence[int], alphabet: Sequence[str]) -> str:
    """A sample as text, without the space around it."""
    return "".join(alphabet[index] for index in indices).strip()


def _forward(model: Model, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The trace of one step; the loss is of no interest, so any target will do."""
    target = np.zeros((1, 1), int)
    return handgrad.loss_and_grads(
        arrays | {"y": target}, cell=model.cell, activation=model.activation, loss=model.loss, reduction=model.reduction
    ).trace
