"""Whether a case shows a wrong gradient by itself: by far more than rounding, and where the derivative exists.

Simple numbers make terms cancel and put ReLU on its kink, so errors are measured against all gradients' sizes too, and
a case counts only if its neighbours have about the same gradients.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.candidate import UnderTest
from harness.case import Case
from references import extended
from references.model import Model
from references.protocol import Answer

#: Relative to the largest entry of its array: what no rounding explains, float32's included, and weak faults exceed.
FAR = 1e-4
#: A loss that is nearer than this to the right one is right.
SAME = 1e-5
#: Of numbers around one: what is smaller is what cancelling has left.
LEFT = 1e-9
#: Of the largest gradient of all: arrays whose gradients are smaller are measured by this.
_SMALL = 1e-2
#: How far the neighbours are, and how far apart their gradients may be, relative to the largest of all.
_NEAR, _APART = 1e-9, 1e-6
#: What is shown where the forward pass is meant.
LOSS = "loss"


class Shown(NamedTuple):
    """An array whose gradient is wrong, or the loss."""

    array: str
    expected: np.ndarray
    obtained: np.ndarray
    error: float  #: relative to the largest entry
    scale: float  #: what it is relative to
    coarse: bool  #: float32 inside


@dataclass(frozen=True, eq=False)
class Wrong:
    """A test of cases: does the candidate's gradient of one of ``arrays`` (of all, where empty) show to be wrong?

    Its loss must be right, as the backward pass is what is to be shown. With ``forward`` it is the loss that must be
    wrong. NaN and infinity count where there is no need to be ``finite``; an error counts from ``far`` on. A candidate
    that does not take a case shows nothing.
    """

    under_test: UnderTest
    arrays: Collection[str] = ()
    forward: bool = False
    finite: bool = False
    far: float = FAR

    def __call__(self, case: Case) -> Shown | None:
        """What it shows, if anything: of several arrays the smallest, of these the one that is furthest off."""
        outcome = self.under_test.answer(case, times=1)
        if outcome.answer is None:
            return None
        truth = self.under_test.subject(case).named(_gradients(case.model, case.arrays))
        shown = self._loss(outcome.answer, truth, outcome.coarse)
        if not self.forward:
            right = shown is None or shown.error <= SAME
            found = self._gradients(outcome.answer, truth, outcome.coarse) if right else []
            shown = min(found, key=lambda one: (one.expected.size, -one.error), default=None)
        return shown if shown is not None and self._counts(shown) and _smooth(case) else None

    def _loss(self, answer: Answer, truth: Answer, coarse: bool) -> Shown | None:
        if not answer.loss.size:
            return None
        loss, right = np.asarray(answer.loss, float), np.asarray(truth.loss, float)
        return Shown(LOSS, right, loss, off(loss, right, 0.0), _largest(right), coarse)

    def _gradients(self, answer: Answer, truth: Answer, coarse: bool) -> list[Shown]:
        least = _SMALL * max((_largest(grad) for grad in truth.grads.values()), default=0.0)
        found = []
        for name, grad in answer.grads.items():
            if name in truth.grads and (not self.arrays or name in self.arrays):
                expected, obtained = np.asarray(truth.grads[name], float), np.asarray(grad, float)
                scale = max(_largest(expected), least)
                found.append(Shown(name, expected, obtained, off(obtained, expected, least), scale, coarse))
        return [one for one in found if self._counts(one)]

    def _counts(self, shown: Shown) -> bool:
        if not np.isfinite(shown.obtained).all():
            return not self.finite
        return shown.error > self.far


def off(obtained: np.ndarray, expected: np.ndarray, least: float) -> float:
    """The largest error, relative to the largest expected entry or to ``least``; 0 if it is what cancelling leaves."""
    if not np.isfinite(obtained).all():
        return float("inf")
    error = _largest(obtained - expected)
    if error <= LEFT:
        return 0.0
    return error / max(_largest(expected), least, LEFT)


def _gradients(model: Model, arrays: Mapping[str, np.ndarray]) -> Answer:
    """The right ones; where longdouble is no wider than float64 they are as good as float64's, which is enough here."""
    return extended.gradients(model, arrays)


def _smooth(case: Case) -> bool:
    """Whether gradients are about the same on both sides of a case: no ReLU's kink is where it stands."""
    rng = np.random.default_rng(0)
    steps = {
        name: _NEAR * rng.choice((-1.0, 1.0), array.shape) * rng.uniform(0.5, 1, array.shape)
        for name, array in case.arrays.items()
        if array.dtype.kind == "f"
    }
    here = _gradients(case.model, case.arrays).grads
    largest = max(_largest(grad) for grad in here.values())
    for side in (-1, 1):
        moved = {**case.arrays, **{name: case.arrays[name] + side * step for name, step in steps.items()}}
        there = _gradients(case.model, moved).grads
        if not all(off(there[name], here[name], largest) <= _APART for name in here):
            return False
    return True


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array).max(initial=0.0))
