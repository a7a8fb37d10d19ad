"""Every element's derivative, or a random share of them: by complex step where it is trusted, else by differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter

import numpy as np

from harness.forward.acceptance import Check, departs, direction, disagrees
from harness.forward.complex_step import ComplexStep
from harness.forward.ladder import SAFETY
from harness.forward.point import Point

COMPLEX, DIFFERENCES = "complex step", "differences"
#: runs that the difference ladder takes for an element, as a rule
_PER_LADDER = 12
#: of any array, at least so many elements are evaluated
_FEWEST = 4
#: an element's error by differences that needs no smaller step, relative to the array's derivative
_ENOUGH = 1e-10
#: what a complex step may be off: roundings of the derivative, and its measured spread so many times
_ROUNDINGS, _SPREADS = 32 * float(np.finfo(float).eps), 8.0
#: the share of the work, as it is shown, that comes before the elements
_BEFORE = 0.1
#: zeros that differences confirm to less than this, relative to the largest derivative, are zeros
_ZERO = 1e-7


class Progress:
    """Says before every call how much of the work is done."""

    def __init__(self, tick: Callable[[float], None]) -> None:
        self._tick = tick
        self.fraction = 0.0

    def __call__(self) -> None:
        self._tick(self.fraction)


def rounding(check: Check, size: float) -> float:
    """How far rounding may carry a complex step whose array's derivatives have this size."""
    return _SPREADS * check.spread + _ROUNDINGS * size


class Elements:
    """The derivatives by all elements of the arrays, filled in by `evaluate`."""

    def __init__(
        self,
        point: Point,
        stepped: ComplexStep,
        checks: Mapping[str, Check],
        largest: float,
        generator: np.random.Generator,
        progress: Progress,
        seconds: float,
    ) -> None:
        self._point, self._stepped, self._checks, self._largest = point, stepped, checks, largest
        self._generator, self._progress, self._seconds = generator, progress, seconds
        self.values = {name: np.full(array.shape, np.nan) for name, array in point.arrays.items()}
        self.radius = {name: np.full(array.shape, np.inf) for name, array in point.arrays.items()}
        self.method = dict.fromkeys(point.arrays, DIFFERENCES)
        self._evaluated = {name: np.zeros(array.size, bool) for name, array in point.arrays.items()}
        self._reasons: dict[str, list[str]] = {}
        self._lost = any(check.lost for check in checks.values())
        for name, check in checks.items():
            if check.why:
                self._distrust(name, check.why)
            else:
                self.method[name] = COMPLEX

    @property
    def share(self) -> float:
        """Of the elements that was evaluated."""
        of = sum(array.size for array in self._point.arrays.values())
        return sum(int(done.sum()) for done in self._evaluated.values()) / of if of else 1.0

    @property
    def notes(self) -> list[str]:
        """Why complex step was not trusted, and by which arrays."""
        return [
            f"complex step: {why}" + ("" if len(names) == len(self.values) else f" ({', '.join(names)})")
            for why, names in self._reasons.items()
        ]

    def evaluate(self) -> None:
        """All elements, as far as time allows; those that complex step turns out to be wrong for, by differences."""
        end = perf_counter() + 1.5 * self._seconds
        pending = list(self._checks)
        while pending:
            again = self._pass(pending, end)
            for name in pending:
                if self.method[name] == COMPLEX and not self._zeros_hold(name):
                    again.append(name)
            for name in again:
                self.method[name] = DIFFERENCES
                self._evaluated[name][:] = False
                self.values[name][...], self.radius[name][...] = np.nan, np.inf
            pending = again
        for name, method in self.method.items():
            if method == COMPLEX:
                self._round(name)

    def _pass(self, names: list[str], end: float) -> list[str]:
        """Evaluate elements of these arrays; gives those by which complex step failed underway."""
        chosen = self._chosen(names)
        bases = {name: self._point.arrays[name].astype(complex) for name in names}
        failed: list[str] = []
        for number, (name, index) in enumerate(chosen):
            if name in failed:
                continue
            if perf_counter() > end:
                break
            self._progress.fraction = max(self._progress.fraction, _BEFORE + (1 - _BEFORE) * number / len(chosen))
            if self.method[name] == COMPLEX:
                run = self._stepped.element(name, index, bases[name])
                why = run.why or departs(run.loss, self._point)
                if why:
                    self._distrust(name, why)
                    failed.append(name)
                    continue
                value, radius = run.derivative, 0.0
            else:
                estimate = self._point.element(name, index, _ENOUGH * self._largest)
                value, radius = estimate.value, SAFETY * estimate.error
            self.values[name].reshape(-1)[index], self.radius[name].reshape(-1)[index] = value, radius
            self._evaluated[name][index] = True
        return failed

    def _chosen(self, names: list[str]) -> list[tuple[str, int]]:
        """The elements to evaluate, some of each array first: all, or of each array a share that time allows."""
        each = {
            name: self._stepped.calls.each if self.method[name] == COMPLEX else _PER_LADDER * self._point.calls.each
            for name in names
        }
        takes = sum(each[name] * self._point.arrays[name].size for name in names)
        share = min(1.0, self._seconds / takes) if takes else 1.0
        few, rest = [], []
        for name in names:
            size = self._point.arrays[name].size
            order = [(name, int(index)) for index in self._generator.permutation(size)]
            few += order[:_FEWEST]
            rest += order[_FEWEST:] if share == 1 else order[_FEWEST : int(share * size)]
        return few + [rest[k] for k in self._generator.permutation(len(rest))]

    def _round(self, name: str) -> None:
        """The radius of a complex step: rounding, larger where the derivative is, and what nothing has confirmed."""
        done, check = self._evaluated[name].reshape(self.values[name].shape), self._checks[name]
        if done.any():
            values = np.abs(self.values[name])
            typical = float(np.sqrt(np.mean(values[done] ** 2)))
            larger = np.maximum(1, values / (typical or 1.0))
            self.radius[name][done] += (rounding(check, typical) * larger)[done] + self.unconfirmed(name)

    def unconfirmed(self, name: str) -> float:
        """What of a derivative by complex step nothing has confirmed: more, where any array's turned out to be lost."""
        check = self._checks[name]
        return check.resolution if self._lost else check.unseen

    def _zeros_hold(self, name: str) -> bool:
        """Whether differences confirm that the loss does not change along the elements that came out as zeros.

        Where they cannot see that, the zeros' radius says so. A lost imaginary part leaves an exact zero, and beside
        larger derivatives a random direction may miss it.
        """
        zeros = self.values[name] == 0
        if not zeros.any() or zeros.all():
            return True
        estimate = self._point.along(name, direction(zeros.shape, self._generator, zeros))
        why = disagrees(0.0, estimate)
        if why and np.isfinite(estimate.error):
            self._distrust(name, f"{why}, where it gave zeros")
            self._lost = True
            return False
        if SAFETY * estimate.error > _ZERO * self._largest:
            self.radius[name][zeros] += SAFETY * estimate.error
        return True

    def _distrust(self, name: str, why: str) -> None:
        self._reasons.setdefault(why, []).append(name)
