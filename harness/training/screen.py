"""The screen: whether an update is plainly sound, or is to be judged by a budget of its own.

A budget (`harness.budget`) costs a hundred times what the update itself does. An update passes without one where
|hand − reference| is, in every entry, within one of:

(a) half the smallest budget that this entry had in those of the last `KEPT` full judgements that had the same data and
    states. Where data stay the same and weights move slowly, a budget was found to be between a quarter of and twice
    its neighbour's;
(b) `SLACK` times a budget of this update's own, of one noisy sample in the place of eight: the reference's gradient of
    inputs that are each moved by one unit in their last place. In a training on names these limits were found to be
    about 1.3 times the budget in most entries, and never above 11 times; one update in sixty did not pass.

What it cannot let pass: a gradient that is not finite; an error of more than a few budgets. No update differs by the
screen: what does not pass is judged in full. What it can let pass: an error of one budget to a few, which the update's
own budget would have seen; and an error which the reference makes too, as between two full judgements nothing but the
reference stands beside the hand. Full judgements at set intervals bound how long either can last unseen.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np

from harness.budget import FACTOR, pooled
from references.flat import apart

#: of how many full judgements it knows
KEPT = 3
#: the part of a neighbour's budget that passes
PART = 0.5
#: how many budgets of a single sample pass
SLACK = 4


class Screen:
    """For gradients of ``size`` entries in all, one behind the other."""

    def __init__(self, size: int) -> None:
        self._error, self._limit = np.empty((2, size))
        self._judged: deque[tuple[dict[str, np.ndarray], np.ndarray]] = deque(maxlen=KEPT)

    def learn(self, data: Mapping[str, np.ndarray], budget: np.ndarray) -> None:
        """Take in the budgets (P,) of an update that agreed in full, and its data and states.

        Budgets that are not finite, of what cannot be judged, let nothing pass.
        """
        kept = {name: array.copy() for name, array in data.items()}
        self._judged.append((kept, np.where(np.isfinite(budget), budget, 0)))
        self._limit = PART * np.min([one for other, one in self._judged if same(other, kept)], axis=0)

    def passes(self, data: Mapping[str, np.ndarray], hand: np.ndarray, reference: np.ndarray) -> bool:
        """By rule (a): whether the gradients (P,) of an update are close enough."""
        if not self._judged or not same(data, self._judged[-1][0]):
            return False
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.subtract(hand, reference, out=self._error)
            return bool((np.abs(error, out=error) <= self._limit).all())


class Sample:
    """Rule (b), for gradients of these ``shapes``; ``blocks`` is how many gates each has stacked."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], blocks: Mapping[str, int]) -> None:
        self._shapes, self._blocks = dict(shapes), dict(blocks)
        self._spread, self._error = np.empty((2, sum(map(math.prod, self._shapes.values()))))

    def passes(self, hand: np.ndarray, reference: np.ndarray, noisy: np.ndarray) -> bool:
        """Whether the gradients (P,) of an update are close enough; ``noisy`` is the reference's of moved inputs."""
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.subtract(hand, reference, out=self._error)
            np.abs(error, out=error)
            limit = self._limit(reference, noisy)
            return bool((error <= limit).all()) and math.isfinite(error.max())  # ∞ is within ∞

    def _limit(self, reference: np.ndarray, noisy: np.ndarray) -> np.ndarray:
        """`SLACK` budgets of one sample, as `harness.budget` makes them of all; a rounding counts entry by entry."""
        spread: np.ndarray = np.subtract(noisy, reference, out=self._spread)
        np.abs(spread, out=spread)
        spread += np.finfo(float).eps / 2 * np.abs(reference)
        for name, part in apart(spread, self._shapes).items():
            part[...] = pooled(part, self._blocks[name])
        spread *= SLACK * FACTOR
        return spread


def same(one: Mapping[str, np.ndarray], two: Mapping[str, np.ndarray]) -> bool:
    """Whether all arrays are equal."""
    return all(np.array_equal(one[name], array) for name, array in two.items())
