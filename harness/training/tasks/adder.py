"""The binary adder (casebook: binary-adder): a sigmoid RNN adds two numbers bit by bit.

Weights and numbers come from NumPy's legacy generator, seed 0: W_0, W_1, W_h, then two numbers per update, below 128.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handgrad import Gradients
from harness.trained import Figure, Series
from harness.training.meters import curve, figure
from harness.training.options import Options, given
from harness.training.setting import Setting
from references.model import Model

NAME = "adder"
SUMMARY = "the binary adder: a sigmoid RNN learns to add two numbers bit by bit"
ENTRY = "binary-adder"

BITS = 8
PUBLISHED = {
    0: 3.456387, 1000: 3.633891, 2000: 3.913666, 3000: 3.721917, 4000: 3.585271,
    5000: 2.533523, 6000: 0.576914, 7000: 1.4259, 8000: 0.474775, 9000: 0.21595,
}  # fmt: skip
LAST = 1000  # the sums of which all were exact


def settings(options: Options) -> list[Setting]:
    """One setting: H = 16, rate 0.1, 10,000 updates."""
    options.refuse(NAME, "activation", "data")
    rng = np.random.RandomState(given(options.seed, 0))
    H = given(options.hidden, 16)
    W_0, W_1, W_h = (2 * rng.random_sample(shape) - 1 for shape in ((2, H), (H, 1), (H, H)))
    sums = _Sums(rng)
    return [
        Setting(
            title="sigmoid RNN",
            data=f"pairs of numbers below {2 ** (BITS - 1)}, {BITS} bits, least significant first",
            model=Model("rnn", "sigmoid", "sigmoid-half-squared-error", "sum", 0, True),
            params={name: np.ascontiguousarray(W.T) for name, W in (("W_ih", W_0), ("W_hh", W_h), ("W_hy", W_1))},
            rate=given(options.rate, 0.1),
            updates=10_000,
            batch=sums,
            meter=lambda: _Errors(PUBLISHED if options.as_published else {}),
            clip=options.clipping(),
        )
    ]


class _Sums:
    """Two numbers per update, drawn in order however often they are asked for."""

    def __init__(self, rng: np.random.RandomState) -> None:
        self._rng = rng
        self._pairs: list[tuple[int, int]] = []

    def __call__(self, update: int) -> dict[str, np.ndarray]:
        while len(self._pairs) <= update:
            self._pairs.append((self._rng.randint(128), self._rng.randint(128)))
        a, b = self._pairs[update]
        return {"x": np.stack([_bits(a), _bits(b)], axis=-1), "y": _bits(a + b)[..., np.newaxis]}


def _bits(number: int) -> np.ndarray:
    """(T, 1), least significant first."""
    return np.array([[float(number >> place & 1)] for place in range(BITS)])


class _Errors:
    """The sum of absolute errors of each addition, and whether it was exact."""

    def __init__(self, published: Mapping[int, float]) -> None:
        self._published = published
        self._errors: list[float] = []
        self._exact: list[bool] = []

    def note(self, update: int, answer: Gradients, data: Mapping[str, np.ndarray]) -> None:
        z, y = answer.trace["z"], data["y"]
        self._errors.append(float(np.abs(y - 1 / (1 + np.exp(-z))).sum()))
        self._exact.append(bool(((z > 0) == y).all()))

    def series(self) -> list[Series]:
        return [curve("sum of absolute errors", self._errors)]

    def figures(self) -> list[Figure]:
        reached = [update for update in self._published if update < len(self._errors)]
        found = [
            figure(
                f"sum of absolute errors at update {update}", self._published[update], self._errors[update], 1e-6, False
            )
            for update in reached
        ]
        if self._published and len(self._exact) == 10_000:
            found.append(figure(f"exact sums of the last {LAST}", LAST, sum(self._exact[-LAST:]), 0))
        return found

    def told(self) -> list[tuple[str, str]]:
        last = self._exact[-LAST:]
        return [("exact", f"{sum(last)} of the last {len(last)} sums")]
