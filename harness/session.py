"""One case after the other put to the candidate, to truth and to the references, by one set of workers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np

from harness import truth
from harness.budget import budgets
from harness.candidate import InProcess, Outcome, UnderTest
from harness.case import Case
from harness.companions import Companion
from harness.findings import NON_FINITE, extended
from harness.judge import Evidence, at_once, judge
from harness.run import Finding, Judgement, Participant
from harness.workers import Unavailable, WorkerError, Workers
from references import protocol
from references.protocol import Answer, Reference

HANDGRAD = InProcess()
Asked = Mapping[str, Future[tuple[Answer, float]]]


@dataclass(frozen=True)
class Session:
    """What stays the same from case to case."""

    peers: tuple[Reference, ...]  #: the references to run beside truth
    workers: Workers
    under_test: UnderTest = InProcess()  # noqa: RUF009 - it is frozen
    required: tuple[str, ...] = ()  #: references that were asked for by name
    truth: str = ""  #: the reference that is to be truth; empty for the best that can be had
    handgrad_too: bool = False  #: handgrad's own gradients stand beside the references, for a candidate from outside

    def judge(self, case: Case) -> Judgement:
        """Everybody's answer to one case, and the verdict."""
        best, reason = truth.choose(case, self.truth)
        peers = [peer for peer in self.peers if peer is not best]
        asked = self._ask(peers if reason else [best, *peers], case)  # they work while the candidate does, here
        outcome = self.under_test.answer(case)
        exact, truth_part = self._truth(best, reason, case, asked)
        shown = () if outcome.answer is None else tuple(outcome.answer.trace)
        rounded = case.at("float32") if outcome.coarse else case
        limits = None if exact is None else budgets(rounded, exact, shown)
        heard = {peer.NAME: _hear(peer, case, asked) for peer in peers}
        if self.handgrad_too:
            heard[HANDGRAD.name] = _hear_handgrad(case)
        subject = self.under_test.subject(case)
        judgement = judge(
            Evidence(
                subject=subject,
                candidate=outcome.answer,
                truth=None if exact is None else subject.named(exact),
                references={name: subject.named(answer) for name, (answer, _) in heard.items() if answer is not None},
                budgets=None if limits is None else subject.allowed(limits),
                participants=(self._candidate_part(outcome), truth_part, *(part for _, part in heard.values())),
                findings=outcome.findings,
                required=self.required,
            )
        )
        return self._explained(judgement, case)

    def accompany(self, companion: Companion) -> Judgement:
        """The verdict on one companion, by its truth alone; its numbers only where it does not plainly agree."""
        outcome = self.under_test.answer(companion.case, times=1)
        if not self.under_test.any_model:
            outcome = _without_overflow(outcome)
        subject = self.under_test.subject(companion.case)
        evidence = Evidence(
            subject=subject,
            candidate=outcome.answer,
            truth=subject.named(companion.truth),
            references={},
            budgets=subject.allowed(companion.budgets),
            participants=(self._candidate_part(outcome), Participant(companion.truth_name, "truth", "judged")),
            findings=outcome.findings,
            companion=True,
        )
        return at_once(evidence) or self._explained(judge(evidence), companion.case)

    def _explained(self, judgement: Judgement, case: Case) -> Judgement:
        """The judgement; where its candidate is not finite, said too is where that begins and why."""
        if not any(finding.name == NON_FINITE for finding in judgement.findings):
            return judgement
        from harness.nanwatch.explain import told  # rarely needed

        why = told(self.under_test, case.model, case.arrays)
        findings = (extended(one, why) if one.name == NON_FINITE else one for one in judgement.findings)
        return replace(judgement, findings=tuple(findings))

    def _ask(self, references: list[Reference], case: Case) -> Asked:
        able = [one for one in references if one.WORKER and not truth.unable(one, case)]
        return {one.NAME: self.workers[one.WORKER].submit(one.NAME, case.model, case.arrays) for one in able}

    def _truth(self, best: Reference, reason: str, case: Case, asked: Asked) -> tuple[Answer | None, Participant]:
        part = Participant(best.NAME, "truth", "judged", version=protocol.version(best))
        if reason:
            return None, replace(part, status="not run", reason=reason)
        answer, part = _hear(best, case, asked)
        part = replace(part, role="truth")
        if answer is None:
            return None, part
        if set(answer.grads) < set(case.model.graded):
            return None, replace(part, status="not run", reason=answer.note)
        unknown = sum(int(np.isinf(radius).sum()) for radius in answer.radius.values())
        if unknown:
            return None, replace(part, status="not run", reason=f"it cannot tell {unknown} elements")
        return answer, part

    def _candidate_part(self, outcome: Outcome) -> Participant:
        tested = self.under_test
        part = Participant(tested.name, "candidate", "judged", version=tested.version, seconds=outcome.seconds)
        if outcome.answer is None:
            return replace(part, status="error", reason=outcome.error)
        return replace(part, fingerprint=outcome.answer.fingerprint)


def _without_overflow(outcome: Outcome) -> Outcome:
    """A companion has larger numbers than its author ever had: a loss that overflows there is said, and not judged."""
    answer = outcome.answer
    if answer is None or np.isfinite(answer.loss).all():
        return outcome
    text = f"the loss is {float(answer.loss)} where it is finite: a logarithm or an exponential overflows"
    found = (*outcome.findings, Finding("non-finite", text))
    return outcome._replace(answer=answer._replace(loss=np.empty(0)), findings=found)


def _hear_handgrad(case: Case) -> tuple[Answer | None, Participant]:
    """The answer of handgrad's own, as that of any reference."""
    outcome = HANDGRAD.answer(case, times=1)
    part = Participant(HANDGRAD.name, "reference", "judged", version=HANDGRAD.version, seconds=outcome.seconds)
    if outcome.answer is None:
        return None, replace(part, status="error", reason=outcome.error)
    return outcome.answer._replace(trace={}), replace(part, fingerprint=outcome.answer.fingerprint)


def _hear(reference: Reference, case: Case, asked: Asked) -> tuple[Answer | None, Participant]:
    """What a reference answered, if it did, and its part in the judgement. Without a worker it answers now, here."""
    part = Participant(reference.NAME, "reference", "judged", version=protocol.version(reference))
    reason = truth.unable(reference, case)
    if reason:
        return None, replace(part, status="not run", reason=reason)
    try:
        if reference.NAME in asked:
            answer, seconds = asked[reference.NAME].result()
        else:
            started = time.perf_counter()
            answer = reference.gradients(case.model, case.arrays)
            seconds = time.perf_counter() - started
    except (Unavailable, protocol.Unavailable) as error:
        return None, replace(part, status="not run", reason=str(error))
    except WorkerError as error:
        return None, replace(part, status="error", reason=str(error))
    part = replace(part, seconds=seconds, fingerprint=answer.fingerprint, note=answer.note)
    if answer.fingerprint != case.fingerprint:
        reason = f"it received other bytes: fingerprint {answer.fingerprint}, the case has {case.fingerprint}"
        return None, replace(part, status="error", reason=reason)
    return answer, part
