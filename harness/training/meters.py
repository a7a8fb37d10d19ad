"""What tasks measure beside their loss: running sums that cost next to nothing, and published figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from handgrad import Gradients
from harness.trained import Figure, Series


def figure(name: str, published: float, here: float, tolerance: float, relative: bool = True) -> Figure:
    """A published figure beside what it is here; NaN where it was not reached."""
    close = math.isclose(here, published, rel_tol=tolerance if relative else 0, abs_tol=0 if relative else tolerance)
    return Figure(name, published, here, close, f"{tolerance:g} relative" if relative else f"{tolerance:g}")


class Losses:
    """The loss itself is what was published, at some updates."""

    def __init__(self, published: Mapping[int, float], tolerance: float) -> None:
        self._published, self._tolerance = published, tolerance
        self._here: dict[int, float] = {}

    def note(self, update: int, answer: Gradients, data: Mapping[str, np.ndarray]) -> None:
        """Keep the loss where it was published."""
        if update in self._published:
            self._here[update] = float(answer.loss)

    def series(self) -> list[Series]:
        """None beside the loss."""
        return []

    def figures(self) -> list[Figure]:
        """Those that were reached."""
        return [
            figure(f"loss at update {update}", self._published[update], here, self._tolerance)
            for update, here in self._here.items()
        ]

    def told(self) -> list[tuple[str, str]]:
        """Nothing."""
        return []


def curve(name: str, values: Sequence[float]) -> Series:
    """A value for every update."""
    return Series(name, np.arange(len(values)), np.array(values))
