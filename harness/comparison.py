"""The main job: cases → providers → verdicts, as a run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness import blind, brought, casefile, diagnosing, elements
from harness import source as sources
from harness.brought import Brought
from harness.candidate import Candidate, InProcess, UnderTest
from harness.candidates.process import CandidateFailed, Process
from harness.case import Case
from harness.commanded import Commanded, FromFile
from harness.companions import Companion
from harness.errors import BadInput
from harness.options import Options, cases, range_of_seeds
from harness.own import judging as own_forward
from harness.own.way import Progress as Working
from harness.run import Finding, Judgement, Run
from harness.session import Session
from harness.version import VERSION, versions
from harness.workers import Workers
from references import protocol
from references.protocol import Reference

if TYPE_CHECKING:
    from harness.diagnosed import Diagnosis
    from harness.pictured import Adjoints
    from harness.warm import Warm

DEVICES = ("cpu", "cuda")
#: what may be under test: a function, a provider, a file or a command; by default handgrad's own
Tested: TypeAlias = Candidate | UnderTest | str | Path | None
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
    truth: str | None = None,
    alone: bool = False,
    text: str | Path | None = None,
    case: str | Path | Case | None = None,
    save_case: str | Path | None = None,
    device: str = "cpu",
    candidate: Tested = None,
    gradients: str | Path | None = None,
    timeout: float = 60.0,
    memory: float = 4.0,
    diagnose: bool = False,
    write_test: str | Path | None = None,
    adjoints: bool = False,
    command: str = "",
    progress: Progress | None = None,
    working: Working | None = None,
    warm: Warm | None = None,
) -> Run:
    """Run a hand-written gradient on identical weights against automatic ones, and judge it.

    A case comes from ``seed`` (``seeds`` of them, from ``seed`` on), from the ``text`` of a file, or from a saved
    ``case``. What is not given is as in ``python -m harness compare``: lstm with tanh, softmax cross-entropy on a
    linear readout, reduction sum, two biases, float64, T=12, B=4, D=7, H=16, K=9, and all references that are
    installed. ``shape`` is a mapping, or text like ``"T=20,H=8"``, of what departs from that. ``truth`` names the
    reference that errors are measured against; by default the best that can be had.

    ``candidate`` is what is under test: a Python file (``"my_lstm.py"`` or ``"my_lstm.py:function"``, see
    docs/bring-your-own.md), a command with ``{case}`` and ``{out}``, or a function ``(model, arrays) →
    handgrad.Gradients``; by default handgrad's own, which otherwise stands beside the references. A file and a command
    run apart, with ``timeout`` seconds for a call and ``memory`` GiB. A file is judged by its own forward pass,
    differentiated numerically, and, where it says what its arrays hold, by the references. ``gradients`` is a file of
    gradients that were computed elsewhere from a saved ``case``.

    The cases are judged together with a few small companions, which see what the given ones cannot: a single step,
    cotangents that are zero, tiny or huge. ``alone`` leaves them out.

    ``diagnose`` asks why, where the verdict is ``differ``: the run's ``diagnosis`` then names the broken equations, the
    lines of a Python file, and the smallest counterexample. ``write_test`` asks too, and is a file to write this
    counterexample to, as a test that fails until the candidate is mended; where there is none, nothing is written.

    ``adjoints`` measures da, dh and dc step by step on the case that fares worst, for pictures: the run's ``adjoints``.
    The candidate is called about once for every step. A candidate without a layout has none.

    ``warm`` is what a caller keeps from one comparison of a file to the next: see `harness.watching`.

    Raises BadInput (a ValueError) for anything that cannot be worked with.
    """
    options = Options(cell, activation, loss, reduction, bias, readout, shape, dtype, seed, seeds, text, case)
    chosen = choose(references)
    if truth is not None and truth not in protocol.available():
        raise BadInput(f"truth: got {truth!r}, allowed: {', '.join(protocol.available())}")
    if device not in DEVICES:
        raise BadInput(f"device: got {device!r}, allowed: {', '.join(DEVICES)}")
    if write_test is not None:
        diagnosing.check(Path(write_test), candidate)
    started = time.perf_counter()
    source = sources.of(candidate)  # as the file is now, which is what runs
    found = Found()

    def standing() -> Run:
        return Run(
            command=command or "harness.compare(…)",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            version=VERSION,
            versions=versions(["numpy", *dict.fromkeys(name for reference in chosen for name in reference.NEEDS)]),
            platform=f"{platform.system()} {platform.machine()}",
            judgements=tuple(found.judgements),
            findings=tuple(dict.fromkeys(found.findings)),
            companions=tuple(found.companions),
            companion_seconds=found.seconds,
            seconds=time.perf_counter() - started,
            diagnosis=found.diagnosis,
            adjoints=found.adjoints,
            source=source,
        )

    with ExitStack() as stack:
        try:
            tested = _tested(candidate, gradients, options, timeout, memory, stack, warm)
        except CandidateFailed as error:  # before it said what it is
            tested = None
            found.judgements.append(own_forward.failed(Path(str(candidate)).name, str(error)))
        if tested is None:
            pass
        elif isinstance(tested, Brought) and tested.laid is None:
            for name, value in (("references", references), ("truth", truth), ("save-case", save_case)):
                if value is not None:
                    raise BadInput(
                        f"{name}: got {value}, but {Path(tested.about.file).name} has no layout to put a case to it"
                    )
        else:
            named = references is not None or device != "cpu"
            required = [reference.NAME for reference in chosen] if named else []
            required += [truth] if truth else []
            frameworks = {r.WORKER for r in chosen if r.WORKER and not protocol.missing(r)}
            workers = warm.workers if warm else stack.enter_context(Workers(frameworks, device))
            made: Iterable[Case]
            made, count = _cases(options, tested)  # while the frameworks are loading
            if save_case is not None:
                if count > 1:
                    raise BadInput(f"save-case: got {count} cases, allowed: one; leave out seeds")
                made = _saving(made, Path(save_case))
            under_test = tested.laid if isinstance(tested, Brought) else tested
            assert under_test is not None
            beside = references is None and not under_test.any_model
            session = Session(tuple(chosen), workers, under_test, tuple(required), truth or "", beside)
            seen = _by_references(session, progress(made, count) if progress else made, alone, found)
            if adjoints:
                from harness.stepwise import stepwise  # here, as only pictures need it

                found.adjoints, lost = stepwise(under_test, seen, found.judgements, working or _unseen)
                found.findings += lost
        asked = tested is not None and (diagnose or write_test is not None)
        if warm and tested is not None and found.judgements:  # somebody waits: first what is known, and then why
            warm.told(standing())
            if asked and not _departed(found):
                _diagnose(tested, working or _unseen, found)
                warm.told(standing())
        if isinstance(tested, Brought):
            _by_own_forward(tested, range_of_seeds(options), alone, working or _unseen, found)
        if tested is not None and asked and found.diagnosis is None:
            if warm and standing().verdict == "differ":
                warm.told(standing())
            _diagnose(tested, working or _unseen, found)
    if write_test is not None:
        diagnosing.write(found.diagnosis, Path(write_test))
    return standing()


@dataclass
class Found:
    """What judging has come to so far."""

    judgements: list[Judgement] = field(default_factory=list)
    companions: list[Judgement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0  #: of the companions
    diagnosis: Diagnosis | None = None
    adjoints: Adjoints | None = None


def _tested(
    candidate: Tested,
    gradients: str | Path | None,
    options: Options,
    timeout: float,
    memory: float,
    stack: ExitStack,
    warm: Warm | None,
) -> UnderTest | Brought:
    """What is under test, and a process for it that ends with the stack, unless a caller keeps one."""
    if gradients is not None:
        if candidate is not None or options.case is None:
            raise BadInput(
                f"gradients: got {gradients}, needs the saved case that they are of, and no candidate beside"
            )
        return FromFile(Path(gradients))
    if isinstance(candidate, str | Path):
        if "{case}" in str(candidate):
            return Commanded(str(candidate), timeout, memory)
        process = warm.process if warm else stack.enter_context(Process(str(candidate), timeout, memory))
        return brought.bring(process, options)
    return InProcess(candidate) if candidate is None or callable(candidate) else candidate


def _cases(options: Options, tested: UnderTest | Brought) -> tuple[Iterable[Case], int]:
    if isinstance(tested, Brought) and tested.layout is not None:
        return brought.cases(options, tested.layout)
    return cases(options)


def _by_references(session: Session, made: Iterable[Case], alone: bool, found: Found) -> list[Case]:
    """Every case put to the candidate, to truth and to the references, and then the companions by truth alone.

    Returns the cases that were made.
    """
    seen: list[Case] = []
    for one in made:
        elements.add(session.judge(one), found.judgements)
        seen.append(one)
    started = time.perf_counter()
    failed = any(judgement.verdict == "error" for judgement in found.judgements)
    accompanied = [] if alone or failed else _accompany(session, seen)
    kept, dropped = _sorted_out(accompanied, session.under_test.any_model)
    found.seconds += time.perf_counter() - started
    found.companions += [judgement for _, judgement in kept]
    found.findings += [
        replace(finding, text=f"on the companion case {one.case.source} {finding.text}")
        for one, judgement in kept
        for finding in judgement.findings
        if finding.name == "non-finite"
    ]
    found.findings += [*blind.findings([*seen, *(companion.case for companion, _ in kept)]), *dropped]
    return seen


def _by_own_forward(tested: Brought, seeds: range, alone: bool, working: Working, found: Found) -> None:
    """The candidate by its own forward: as a judgement where there is no layout, and once beside others where there is.

    Where forward departs from the model's, the backward can still be right for the forward that is there.
    """
    way = tested.way(working)
    first = tested.layout is None or _departed(found)
    for seed in seeds if first else seeds[:1]:
        started = time.perf_counter()
        judged = own_forward.judge_own(way, tested.params, tested.data, seed, alone)
        if first:
            elements.add(judged.judgement, found.judgements)
        elif judged.judgement.verdict in ("agree", "differ"):
            found.companions.append(judged.judgement)
        else:
            found.findings.append(Finding("not run", f"nothing by its own forward: {judged.judgement.reason}"))
        found.companions += judged.companions
        found.findings += judged.findings
        found.seconds += 0.0 if first else time.perf_counter() - started


def _departed(found: Found) -> bool:
    """Whether the candidate's forward is another than the model's."""
    return any(row.verdict == "differ" for judgement in found.judgements for row in judgement.forward)


def _diagnose(tested: UnderTest | Brought, working: Working, found: Found) -> None:
    found.diagnosis, told = diagnosing.why(tested, (*found.judgements, *found.companions), working)
    found.findings += told


def _unseen(words: str, fraction: float) -> None:
    """Progress that nobody looks at."""


Accompanied = list[tuple[Companion, Judgement]]


def _accompany(session: Session, seen: Sequence[Case]) -> Accompanied:
    """The companions of every model and dtype among the cases, judged."""
    kinds = dict.fromkeys((case.model, str(case.dtype)) for case in seen)
    made = [one for model, dtype in kinds for one in session.under_test.companions(model, dtype)]
    return [(one, session.accompany(one)) for one in made]


def _sorted_out(judged: Accompanied, own: bool) -> tuple[Accompanied, list[Finding]]:
    """Those that say something, and what is to be said of the others.

    A candidate from outside may be made for its own sizes: that it does not run at others is no error of its gradient.
    """
    failed = [] if own else [pair for pair in judged if pair[1].verdict == "error"]
    sources: dict[str, list[str]] = {}
    for one, judgement in failed:
        reason = judgement.reason.removeprefix(f"{judgement.candidate} failed: ")
        sources.setdefault(reason, []).append(one.case.source)
    findings = [
        Finding(
            "not run",
            f"the candidate does not run on the companion case{'s'[: len(names) - 1]} {', '.join(names)}: {reason}",
        )
        for reason, names in sources.items()
    ]
    return [pair for pair in judged if pair not in failed], findings


def choose(names: Sequence[str] | str | None) -> list[Reference]:
    """The references by name, or the default ones. Raises BadInput for an unknown name."""
    known = protocol.available()
    if names is None:
        return [reference for reference in known.values() if reference.DEFAULT]
    chosen = [name.strip() for name in (names.split(",") if isinstance(names, str) else names)]
    for name in chosen:
        if name not in known:
            raise BadInput(f"references: got {name!r}, allowed: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(chosen)]


def _saving(made: Iterable[Case], path: Path) -> Iterable[Case]:
    for case in made:
        casefile.save(case, path)
        yield case
