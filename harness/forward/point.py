"""The candidate's real loss at and around one point: its value, its noise, and difference ladders from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from harness.forward import ladder as ladders
from harness.forward.calls import Calls
from harness.forward.ladder import Estimate, ladder
from harness.forward.noise import noise

#: relative noise above which single precision is at work inside
LOW_PRECISION = 1e-11
#: roundings that are drawn are larger than most, and there is one at every result: so many times the noise is usual
_FARTHER = 16.0


class Point:
    """Real losses near what ``calls`` are given; any of the arrays of these names may be moved."""

    def __init__(
        self, plain: Callable[[Any, Any], Any], calls: Calls, names: Sequence[str], generator: np.random.Generator
    ) -> None:
        self._plain, self.calls = plain, calls
        self.arrays = {name: calls.array(name) for name in names}
        self.loss, again = (float(self.calls(plain, {})) for _ in range(2))
        self.wavers = again != self.loss and not (np.isnan(again) and np.isnan(self.loss))
        # whole numbers may be indices, between which the loss jumps: the others show its noise, where there are others
        smooth = [name for name, array in self.arrays.items() if (array != np.round(array)).any()] or names
        towards = {
            name: _sized(self.arrays[name]) * generator.standard_normal(self.arrays[name].shape) for name in smooth
        }

        def together(t: float) -> float:
            return self.moved({name: t * vector for name, vector in towards.items()})

        #: the size that the loss has, or changes by, though it may be zero at the point itself
        self.size = float(np.nanmax(np.abs([self.loss, *(together(t) - self.loss for t in (-0.1, 0.1))])))
        self.noise = max(noise(together, self.loss), abs(again - self.loss))
        self.waver = (
            0.0  #: how far roundings carry the loss, where they could be drawn: it may be more than shows nearby
        )

    @property
    def relative_noise(self) -> float:
        """Of the loss, against its size."""
        return self.noise / self.size if self.size > 0 else 0.0

    @property
    def coarse(self) -> bool:
        """Whether the loss is of so little precision that only large steps are of use."""
        return self.relative_noise > LOW_PRECISION

    @property
    def unsure(self) -> float:
        """How far a loss may be off, as ladders take it: by its noise, unless roundings carry it much farther."""
        return self.waver if self.waver > _FARTHER * self.noise else self.noise

    def moved(self, by: Mapping[str, np.ndarray]) -> float:
        """The loss with these arrays moved; NaN where the candidate raises there."""
        at = {name: (self.arrays[name] + move).astype(self.arrays[name].dtype) for name, move in by.items()}
        try:
            return float(self.calls(self._plain, at))
        except Exception:
            return np.nan

    def along(self, name: str, vector: np.ndarray, enough: float = 0.0) -> Estimate:
        """The derivative along a vector of an array's shape and of unit length."""
        scale = _power_of_two(_sized(self.arrays[name]) * np.sqrt(np.count_nonzero(vector)))
        steps = ladders.COARSE if self.coarse else ladders.FINE
        return ladder(lambda t: self.moved({name: t * vector}), self.loss, self.unsure, steps, scale, enough)

    def element(self, name: str, index: int, enough: float = 0.0) -> Estimate:
        """The derivative by one element of an array, numbered in its flat order."""
        array = self.arrays[name]
        unit = np.zeros(array.shape)
        unit.reshape(-1)[index] = 1.0
        scale = _power_of_two(abs(float(array.reshape(-1)[index])))
        steps = ladders.COARSE if self.coarse else ladders.FINE
        return ladder(lambda t: self.moved({name: t * unit}), self.loss, self.unsure, steps, scale, enough)


def _sized(array: np.ndarray) -> float:
    """One, or the size of the array's elements where they are larger."""
    return max(1.0, float(np.sqrt(np.mean(np.square(array, dtype=float))))) if array.size else 1.0


def _power_of_two(size: float) -> float:
    return float(2.0 ** np.ceil(np.log2(max(1.0, size))))
