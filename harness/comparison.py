"""The main job: cases → providers → verdicts, as a run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from harness import blind, candidate, casefile
from harness.budget import budgets
from harness.case import Case
from harness.errors import BadInput
from harness.judge import Evidence, judge
from harness.options import Options, cases
from harness.run import Judgement, Participant, Run
from harness.version import VERSION, versions
from harness.workers import WorkerError, Workers
from references import extended, protocol
from references.protocol import Answer, Reference

TRUTH = "extended"
DEVICES = ("cpu", "cuda")
#: cases and how many they are → the same cases, shown passing by
Progress = Callable[[Iterable[Case], int], Iterable[Case]]


def compare(
    *,
    cell: str | None = None,
    activation: str | None = None,
    loss: str | None = None,
    reduction: str | None = None,
    bias: int | str | None = None,
    readout: bool | None = None,
    shape: Mapping[str, int] | str | None = None,
    dtype: str | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    references: Sequence[str] | str | None = None,
    text: str | Path | None = None,
    case: str | Path | Case | None = None,
    save_case: str | Path | None = None,
    device: str = "cpu",
    candidate: candidate.Candidate | None = None,
    command: str = "",
    progress: Progress | None = None,
) -> Run:
    """Run a hand-written gradient on identical weights against automatic ones, and judge it.

    A case comes from ``seed`` (``seeds`` of them, from ``seed`` on), from the ``text`` of a file, or from a saved
    ``case``. What is not given is as in ``python -m harness compare``: lstm with tanh, softmax cross-entropy on a
    linear readout, reduction sum, two biases, float64, T=12, B=4, D=7, H=16, K=9, and all references that are
    installed. ``shape`` is a mapping, or text like ``"T=20,H=8"``, of what departs from that. ``candidate`` is the
    function under test, ``(model, arrays) → handgrad.Gradients``; by default handgrad's own.

    Raises BadInput (a ValueError) for anything that cannot be worked with.
    """
    options = Options(cell, activation, loss, reduction, bias, readout, shape, dtype, seed, seeds, text, case)
    chosen = choose(references)
    if device not in DEVICES:
        raise BadInput(f"device: got {device!r}, allowed: {', '.join(DEVICES)}")
    started = time.perf_counter()
    with Workers({r.WORKER for r in chosen if r.WORKER and not protocol.missing(r)}, device) as workers:
        made, count = cases(options)  # while the frameworks are loading
        if save_case is not None:
            if count > 1:
                raise BadInput(f"save-case: got {count} cases, allowed: one; leave out seeds")
            made = _saving(made, Path(save_case))
        session = _Session(chosen, references is not None, workers, candidate)
        seen: list[Case] = []
        judgements = []
        for one in progress(made, count) if progress else made:
            judgements.append(session.judge(one))
            seen.append(one)
    return Run(
        command=command or "harness.compare(…)",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=VERSION,
        versions=versions(["numpy", *dict.fromkeys(name for reference in chosen for name in reference.NEEDS)]),
        platform=f"{platform.system()} {platform.machine()}",
        judgements=tuple(judgements),
        findings=blind.findings(seen),
        seconds=time.perf_counter() - started,
    )


def choose(names: Sequence[str] | str | None) -> list[Reference]:
    """The references by name, or the default ones; truth is always the first. Raises BadInput for an unknown name."""
    known = protocol.available()
    if names is None:
        chosen = [name for name, reference in known.items() if reference.DEFAULT]
    else:
        chosen = [name.strip() for name in (names.split(",") if isinstance(names, str) else names)]
        for name in chosen:
            if name not in known:
                raise BadInput(f"references: got {name!r}, allowed: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys([TRUTH, *chosen])]


def _saving(made: Iterable[Case], path: Path) -> Iterable[Case]:
    for case in made:
        casefile.save(case, path)
        yield case


class _Session:
    """What stays the same from case to case."""

    def __init__(
        self, chosen: Sequence[Reference], by_name: bool, workers: Workers, under_test: candidate.Candidate | None
    ) -> None:
        self._truth, *self._peers = chosen
        self._required = tuple(reference.NAME for reference in chosen) if by_name else ()
        self._workers = workers
        self._candidate = under_test or candidate.own
        self._name = "handgrad" if under_test is None else getattr(under_test, "__name__", "candidate")

    def judge(self, case: Case) -> Judgement:
        """Everybody's answer to one case, and the verdict."""
        asked: dict[str, Future[tuple[Answer, float]]] = {}
        not_run: dict[str, str] = {}
        for peer in self._peers:
            reason = protocol.missing(peer) or peer.unsupported(case.model)
            if reason:
                not_run[peer.NAME] = reason
            else:
                asked[peer.NAME] = self._workers[peer.WORKER].submit(peer.NAME, case.model, case.arrays)
        outcome = candidate.run(self._candidate, case)
        truth, truth_part = self._ask_truth(case)
        limits = None if truth is None else budgets(case, truth)

        answers: dict[str, Answer] = {}
        parts = [_candidate_part(self._name, outcome), truth_part]
        for peer in self._peers:
            about = {"name": peer.NAME, "role": "reference", "version": protocol.version(peer)}
            if peer.NAME in not_run:
                parts.append(Participant(**about, status="not run", reason=not_run[peer.NAME]))
                continue
            try:
                answer, seconds = asked[peer.NAME].result()
            except WorkerError as error:
                parts.append(Participant(**about, status="error", reason=str(error)))
                continue
            wrong = _received(case, answer)
            if not wrong:
                answers[peer.NAME] = answer
            status = "error" if wrong else "judged"
            about |= {"fingerprint": answer.fingerprint}
            parts.append(Participant(**about, status=status, reason=wrong, seconds=seconds))
        return judge(
            Evidence(
                case, outcome.answer, truth, answers, limits, tuple(parts), outcome.findings, self._required
            )
        )

    def _ask_truth(self, case: Case) -> tuple[Answer | None, Participant]:
        about = {"name": self._truth.NAME, "role": "truth", "version": protocol.version(self._truth)}
        reason = protocol.missing(self._truth) or extended.too_narrow(case.dtype)
        if reason:
            return None, Participant(**about, status="not run", reason=reason)
        started = time.perf_counter()
        answer = self._truth.gradients(case.model, case.arrays)
        seconds = time.perf_counter() - started
        return answer, Participant(**about, status="judged", fingerprint=answer.fingerprint, seconds=seconds)


def _received(case: Case, answer: Answer) -> str:
    if answer.fingerprint == case.fingerprint:
        return ""
    return f"it received other bytes than the case has: fingerprint {answer.fingerprint}, the case's is {case.fingerprint}"


def _candidate_part(name: str, outcome: candidate.Outcome) -> Participant:
    if outcome.answer is None:
        return Participant(name, "candidate", "error", reason=outcome.error, seconds=outcome.seconds)
    return Participant(
        name, "candidate", "judged", version=f"handgrad {VERSION}" if name == "handgrad" else "",
        fingerprint=outcome.answer.fingerprint, seconds=outcome.seconds,
    )  # fmt: skip
