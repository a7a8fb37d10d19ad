"""One update of a training, judged in full: by truth, and by a budget of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness import measure, peers, truth, where
from harness.budget import Budgets, budgets
from harness.case import Case
from harness.judge import Evidence, judge
from harness.run import Judgement, Participant, Verdict
from harness.subject import Canonical, Scales
from references import protocol
from references.model import Model
from references.protocol import Answer, Reference

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Full:
    """What came of it."""

    verdict: Verdict
    reason: str
    ratio: float = 0.0  #: the hand's worst error ÷ budget
    place: str = ""  #: where that is: "W_hh f 3, 12"
    budgets: dict[str, np.ndarray] | None = None  #: of the parameters, where all is well
    judgement: Judgement | None = None  #: where it is not


@dataclass(frozen=True)
class _Parameters(Canonical):
    """A case of which only some gradients are judged."""

    names: tuple[str, ...] = ()

    @property
    def graded(self) -> tuple[str, ...]:
        """The parameters that the hand gives a gradient of."""
        return self.names


@dataclass(frozen=True)
class Judge:
    """Who takes part in every full judgement of a training."""

    model: Model
    names: tuple[str, ...]  #: of what is graded
    hand: str
    reference: Reference

    def __call__(self, update: int, arrays: Arrays, hand: Arrays, reference: Arrays) -> Full:
        """Judge the hand's gradients by truth, and the reference's beside it, at the same weights.

        Raises BadInput where the arrays are no case: weights that are not finite.
        """
        case = Case(self.model, {name: np.array(array) for name, array in arrays.items()}, f"update {update}")
        best, reason = truth.choose(case)
        part = Participant(best.NAME, "truth", "judged", version=protocol.version(best))
        if reason:
            return Full("inconclusive", f"no truth to judge by: {best.NAME}: {reason}")
        started = time.perf_counter()
        exact = best.gradients(self.model, case.arrays)
        seconds = time.perf_counter() - started
        limits = budgets(case, exact, ())
        subject = _Parameters(case, self.names)
        candidate = Answer(np.empty(0), dict(hand), {}, case.fingerprint)
        others = {self.reference.NAME: Answer(np.empty(0), dict(reference), {}, case.fingerprint)}
        if best is self.reference:
            others = {}
        scales = subject.scales(exact, limits)
        allowed = peers.allowance(case.dtype, exact)
        ratio, place = self._worst(candidate, exact, scales, allowed)
        if self._plain(ratio, others, exact, scales, allowed, limits):
            return Full("agree", "", ratio, place, {name: limits.grads[name] for name in self.names})
        participants = (
            Participant(self.hand, "candidate", "judged", fingerprint=case.fingerprint),
            Participant(best.NAME, "truth", "judged", "", "", part.version, exact.fingerprint, seconds),
            *(
                Participant(name, "reference", "judged", "", "", protocol.version(self.reference), case.fingerprint)
                for name in others
            ),
        )
        done = judge(Evidence(subject, candidate, exact, others, limits, participants, ()))
        return Full(done.verdict, done.reason, ratio, place, None, done)

    def _worst(self, candidate: Answer, exact: Answer, scales: Scales, allowed: float) -> tuple[float, str]:
        """The worst error ÷ budget, and where it is."""
        worst, place = -1.0, ""
        for name, scale in scales.items():
            ratios = measure.ratios(candidate.grads[name], exact.grads[name], scale, allowed)
            at = tuple(int(k) for k in np.unravel_index(np.argmax(ratios), ratios.shape))
            if ratios[at] > worst:
                worst, place = float(ratios[at]), f"{name} {where.index_words(at, scale.axes)}"
        return worst, place

    def _plain(
        self, ratio: float, others: Mapping[str, Answer], exact: Answer, scales: Scales, allowed: float, limits: Budgets
    ) -> bool:
        """Whether everybody is within the budgets of truth, and nothing is in doubt: then no numbers are needed."""
        if ratio > 1 or limits.doubt or all(scale.vacuous for scale in scales.values()):
            return False
        return all(peers.distance(answer, exact, scales, allowed) <= 1 for answer in others.values())
