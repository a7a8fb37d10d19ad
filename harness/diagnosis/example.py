"""The smallest counterexample: a case for pencil and paper on which a candidate's gradient is wrong.

First the sizes are made as small as they can be, with numbers as `harness.case.from_seed` draws them; then, at these
sizes, the numbers as simple as they can be. Sizes that hide a fault from such numbers hide it from simple ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

from harness.candidate import UnderTest
from harness.case import DEFAULT_SIZES, Case, from_seed
from harness.commanded import FromFile
from harness.diagnosed import Example
from harness.diagnosis.example_between import between
from harness.diagnosis.example_values import Values, loud
from harness.diagnosis.example_wrong import Shown, Wrong
from harness.diagnosis.shrink import Pick, search
from harness.diagnosis.written import written
from harness.laid import Laid
from harness.layout import values as author
from harness.run import Judgement
from references.model import Model

Progress = Callable[[str, float], None]
Make = Callable[[Mapping[str, int]], Case]
#: axes other than time are tried up to this length, and at the length that is known to fail
_SHORT = 6
#: by how much what comes from outside may be larger than usual
_FACTORS = (1.0, 100.0)
#: a relative error that is seen at a glance
_PLAIN = 0.05
#: of the seconds that there are: for the sizes
_FOR_SIZES = 0.4


@dataclass(frozen=True, eq=False)
class Smallest:
    """The smallest counterexample, and what it took to find it."""

    example: Example
    case: Case  #: in canonical arrays
    calls: int  #: of the candidate
    seconds: float


def longest(failing: Sequence[Judgement]) -> Mapping[str, int]:
    """The sizes of the judged case of most steps; the usual ones where none has sizes."""
    given = [judgement.case.sizes for judgement in failing if judgement.case.sizes]
    return max(given, key=lambda sizes: sizes["T"], default=DEFAULT_SIZES)


def smallest(
    under_test: UnderTest,
    model: Model,
    sizes: Mapping[str, int],
    wrong: Wrong | None = None,
    make: Make | None = None,
    seconds: float = 30.0,
    progress: Progress = lambda words, fraction: None,
) -> Smallest | None:
    """The smallest case, of up to these ``sizes``, that shows a wrong gradient; None where none was found.

    ``wrong`` says what counts: by default any gradient of the candidate. ``make`` draws a case of given sizes: by
    default an ordinary one that the candidate can take. It takes about so many ``seconds``, and mostly far fewer.
    Raises BadInput where Hypothesis is not installed; see `harness.diagnosis.shrink.missing`.
    """
    if isinstance(under_test, FromFile):
        return None  # there is nobody to ask
    trials = _Trials(wrong or Wrong(under_test), make or _ordinary(under_test, model), seconds, progress)
    trials.sizes(sizes, model.readout)
    if trials.best is None:
        return None
    trials.values(isinstance(under_test, Laid) and any(line.encoding == "indices" for line in under_test.layout.lines))
    shown = trials.shown(trials.best)  # once more: a candidate that is no function may not show it again
    if shown is None:
        return None
    return Smallest(_told(under_test, trials.best, shown), trials.best, trials.calls, trials.elapsed)


def _ordinary(under_test: UnderTest, model: Model) -> Make:
    if isinstance(under_test, Laid):
        return under_test.layout.case
    return lambda sizes: from_seed(model, sizes)


@dataclass(eq=False)
class _Trials:
    """What was tried, and the simplest that shows the fault."""

    wrong: Wrong
    make: Make
    seconds: float
    progress: Progress
    best: Case | None = None
    calls: int = 0
    _first: Shown | None = None  #: of the best
    _key: tuple[int, ...] = ()  #: how far the best is from simple
    _began: float = field(default_factory=perf_counter)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return perf_counter() - self._began

    def shown(self, case: Case) -> Shown | None:
        """What a case shows, at the cost of a call."""
        self.calls += 1
        self.progress("smallest counterexample", min(1.0, self.elapsed / self.seconds))
        return self.wrong(case)

    def sizes(self, most: Mapping[str, int], readout: bool) -> None:
        """The smallest sizes, at the numbers that are drawn for them."""
        full = self.make(most)
        self._shows(full, self._entries(full))
        self._keep_finite()
        axes = [axis for axis in "TBDHK" if readout or axis != "K"]

        def made(pick: Pick) -> Case:
            chosen = {axis: pick(_lengths(axis, full.sizes[axis])) for axis in axes}
            return loud(self.make({**full.sizes, **chosen}), pick(_FACTORS))

        search(made, lambda case: self._shows(case, self._entries(case)), self._began + _FOR_SIZES * self.seconds, 200)

    def values(self, indices: bool) -> None:
        """The simplest numbers at the sizes of the best."""
        assert self.best is not None and self._first is not None
        self._keep_finite()
        drawn, usual = Values(self.best, indices), self.wrong.far
        for far in (_PLAIN, self._first.error / 2):
            self.wrong = replace(self.wrong, far=max(usual, min(_PLAIN, far)))
            for digits in (2, 1):
                self._key = ()
                self._shows(drawn.rounded(digits), ())
            search(drawn.made, lambda pair: self._shows(*pair), self._began + self.seconds)
            if self._key:
                break

    def _keep_finite(self) -> None:
        """Of a fault that gives numbers, more numbers: a division of zeros must not take its place."""
        if self._first is not None and np.isfinite(self._first.obtained).all():
            self.wrong = replace(self.wrong, finite=True)

    def _shows(self, case: Case, key: tuple[int, ...]) -> bool:
        """Whether a case shows the fault; it is kept where it is simpler than the best by its key."""
        shown = self.shown(case)
        if shown is not None and (not self._key or key < self._key):
            self.best, self._first, self._key = case, shown, key
        return shown is not None

    @staticmethod
    def _entries(case: Case) -> tuple[int, ...]:
        return (sum(array.size for array in case.arrays.values()),)


def _lengths(axis: str, most: int) -> list[int]:
    return list(range(1, most + 1)) if axis == "T" else [*range(1, min(_SHORT, most - 1) + 1), most]


def _told(under_test: UnderTest, case: Case, shown: Shown) -> Example:
    arrays: dict[str, np.ndarray] = case.copies()
    test = ""
    if isinstance(under_test, Laid):
        params, data = under_test.layout.given(case.arrays, under_test.params, under_test.data)
        arrays = _own(under_test, {**params, **data})
        test = written(under_test.process.target, params, data, shown)
    sizes = {axis: size for axis, size in case.sizes.items() if axis != "K" or case.model.readout}
    return Example(sizes, arrays, shown.array, shown.expected, shown.obtained, between(case), test)


def _own(laid: Laid, entries: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What goes in as arrays, lists over time stacked."""
    notations = {line.name: line.notation for line in laid.layout.lines}
    return {
        name: author.stacked(notations[name], value) if name in notations else np.asarray(value)
        for name, value in entries.items()
        if name in notations or isinstance(value, np.ndarray)
    }
