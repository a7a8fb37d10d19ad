"""One candidate asked for its gradients of cases, each beside truth's and what rounding explains at the same bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness import truth
from harness.budget import budgets
from harness.candidate import UnderTest
from harness.case import Case
from harness.diagnosis.patient import Patient, Working
from harness.laid import Laid
from harness.run import Judgement

#: an unanswered call that took so many times what judging took, and so many seconds, was not just refused
_MANY, _PATIENCE = 10, 1.0
_Picks = Callable[[Mapping[str, np.ndarray]], Sequence[np.ndarray]]


class Exact(NamedTuple):
    """Truth of a case."""

    grads: Mapping[str, np.ndarray]
    trace: Mapping[str, np.ndarray]  #: T first


class Answered(NamedTuple):
    """Gradients of one case by canonical name: the candidate's, truth's, the budgets, and which can be told apart."""

    mine: Mapping[str, np.ndarray]
    exact: Exact
    allowed: Mapping[str, np.ndarray]
    given: Mapping[str, np.ndarray]


class Questions:
    """The candidate of a judgement, asked while its process is there.

    It is asked no more once it took far longer than it took to be judged, and did not answer.
    """

    def __init__(self, under_test: UnderTest, case: Case, judgement: Judgement, working: Working) -> None:
        self.under_test = under_test
        self._returned = {row.array for row in judgement.rows}
        self._ask = Patient(under_test, case.model, str(case.dtype), working)
        self._ask.words = "adjoints step by step"
        self._ask.coarse |= any(finding.name == "low precision" for finding in judgement.findings)
        self._usual = max((one.seconds for one in judgement.participants if one.role == "candidate"), default=0.0)
        self.hangs = False  #: whether it is asked no more
        self.truth, self.untrue = truth.choose(case)  #: what errors are measured against, and why it cannot be

    @property
    def calls(self) -> int:
        """How often the candidate was called."""
        return self._ask.calls

    def refuses(self, case: Case) -> str:
        """Why a case cannot be put to the candidate, as far as its layout says; empty where it can."""
        return self.under_test.layout.fits(case) if isinstance(self.under_test, Laid) else ""

    def exact(self, case: Case) -> Exact:
        """Truth of a case. May raise `references.protocol.Unavailable`."""
        answer = self.truth.gradients(case.model, case.arrays)
        return Exact(answer.grads, answer.trace)

    def __call__(self, case: Case) -> Answered | None:
        """Everybody's gradients; None where the candidate does not answer. May raise `protocol.Unavailable`."""
        if self.hangs:
            return None
        started = time.perf_counter()
        mine = self._ask(case)
        if mine is None:
            self.hangs = time.perf_counter() - started > _MANY * self._usual + _PATIENCE
            return None
        answer = self.truth.gradients(case.model, case.arrays)
        limits = budgets(case.at("float32") if self._ask.coarse else case, answer, ())
        given = self.given(case)
        known = {name: given[name] & np.isfinite(answer.radius.get(name, 0.0)) for name in given}
        return Answered(mine, Exact(answer.grads, answer.trace), limits.grads, known)

    def given(self, case: Case) -> dict[str, np.ndarray]:
        """Of each canonical array: of which entries the candidate gives a gradient, be it NaN."""
        shapes = {name: case.arrays[name].shape for name in case.model.differentiated}
        if not isinstance(self.under_test, Laid):
            return {name: np.full(shape, name in self._returned) for name, shape in shapes.items()}
        layout = self.under_test.layout
        return _reached(shapes, lambda numbers: [layout.pick(n, numbers) for n in layout.graded if n in self._returned])


def _reached(shapes: Mapping[str, tuple[int, ...]], picks: _Picks) -> dict[str, np.ndarray]:
    """Which entries are picked: every entry is numbered, and the numbers that arrive are looked up."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
    numbers = np.split(np.arange(ends[-1], dtype=float), ends[:-1])
    numbered = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), numbers, strict=True)}
    there = np.zeros(ends[-1], bool)
    for places in picks(numbered):
        there[places[np.isfinite(places)].astype(int)] = True
    return {name: there[array.astype(int)] for name, array in numbered.items()}
