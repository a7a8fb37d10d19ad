"""One case after the other put to the candidate, to truth and to the references, by one set of workers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

import handgrad
from harness import candidate
from harness.budget import budgets
from harness.case import Case
from harness.judge import Evidence, judge
from harness.run import Judgement, Participant
from harness.version import VERSION
from harness.workers import Unavailable, WorkerError, Workers
from references import extended, protocol
from references.protocol import Answer, Reference

Asked = Mapping[str, Future[tuple[Answer, float]]]


@dataclass(frozen=True)
class Session:
    """What stays the same from case to case. The first of ``references`` is truth."""

    references: tuple[Reference, ...]
    workers: Workers
    under_test: candidate.Candidate | None = None  #: None: handgrad's own
    required: tuple[str, ...] = ()  #: references that were asked for by name

    def judge(self, case: Case) -> Judgement:
        """Everybody's answer to one case, and the verdict."""
        _, *peers = self.references
        asked = self._ask(peers, case)  # they work while the candidate and truth do, here
        outcome = candidate.run(self.under_test or candidate.own, case)
        truth, truth_part = self._truth(case)
        limits = None if truth is None else budgets(case, truth)
        heard = {peer.NAME: _hear(peer, case, asked) for peer in peers}
        return judge(
            Evidence(
                case=case,
                candidate=outcome.answer,
                truth=truth,
                references={name: answer for name, (answer, _) in heard.items() if answer is not None},
                budgets=limits,
                participants=(self._candidate_part(outcome), truth_part, *(part for _, part in heard.values())),
                findings=outcome.findings,
                required=self.required,
            )
        )

    def _ask(self, peers: list[Reference], case: Case) -> Asked:
        able = [peer for peer in peers if not _unable(peer, case)]
        return {peer.NAME: self.workers[peer.WORKER].submit(peer.NAME, case.model, case.arrays) for peer in able}

    def _truth(self, case: Case) -> tuple[Answer | None, Participant]:
        reference = self.references[0]
        part = Participant(reference.NAME, "truth", "judged", version=protocol.version(reference))
        reason = _unable(reference, case) or extended.too_narrow(case.dtype)
        if reason:
            return None, replace(part, status="not run", reason=reason)
        started = time.perf_counter()
        answer = reference.gradients(case.model, case.arrays)
        return answer, replace(part, fingerprint=answer.fingerprint, seconds=time.perf_counter() - started)

    def _candidate_part(self, outcome: candidate.Outcome) -> Participant:
        own = self.under_test is None
        name = handgrad.__name__ if own else getattr(self.under_test, "__name__", "candidate")
        part = Participant(name, "candidate", "judged", version=f"{name} {VERSION}" if own else "")
        part = replace(part, seconds=outcome.seconds)
        if outcome.answer is None:
            return replace(part, status="error", reason=outcome.error)
        return replace(part, fingerprint=outcome.answer.fingerprint)


def _unable(reference: Reference, case: Case) -> str:
    return protocol.missing(reference) or reference.unsupported(case.model)


def _hear(peer: Reference, case: Case, asked: Asked) -> tuple[Answer | None, Participant]:
    """What a reference answered, if it did, and its part in the judgement."""
    part = Participant(peer.NAME, "reference", "judged", version=protocol.version(peer))
    if peer.NAME not in asked:
        return None, replace(part, status="not run", reason=_unable(peer, case))
    try:
        answer, seconds = asked[peer.NAME].result()
    except Unavailable as error:
        return None, replace(part, status="not run", reason=str(error))
    except WorkerError as error:
        return None, replace(part, status="error", reason=str(error))
    part = replace(part, seconds=seconds, fingerprint=answer.fingerprint)
    if answer.fingerprint != case.fingerprint:
        reason = f"it received other bytes: fingerprint {answer.fingerprint}, the case has {case.fingerprint}"
        return None, replace(part, status="error", reason=reason)
    return answer, part
