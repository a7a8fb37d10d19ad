"""The main job: cases → providers → verdicts, as a run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness import blind, casefile, companions
from harness.candidate import Candidate, InProcess
from harness.case import Case
from harness.companions import Companion
from harness.errors import BadInput
from harness.options import Options, cases
from harness.run import Finding, Judgement, Run
from harness.session import Session
from harness.version import VERSION, versions
from harness.workers import Workers
from references import protocol
from references.protocol import Reference

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
    truth: str | None = None,
    alone: bool = False,
    text: str | Path | None = None,
    case: str | Path | Case | None = None,
    save_case: str | Path | None = None,
    device: str = "cpu",
    candidate: Candidate | None = None,
    command: str = "",
    progress: Progress | None = None,
) -> Run:
    """Run a hand-written gradient on identical weights against automatic ones, and judge it.

    A case comes from ``seed`` (``seeds`` of them, from ``seed`` on), from the ``text`` of a file, or from a saved
    ``case``. What is not given is as in ``python -m harness compare``: lstm with tanh, softmax cross-entropy on a
    linear readout, reduction sum, two biases, float64, T=12, B=4, D=7, H=16, K=9, and all references that are
    installed. ``shape`` is a mapping, or text like ``"T=20,H=8"``, of what departs from that. ``truth`` names the
    reference that errors are measured against; by default the best that can be had. ``candidate`` is the function under
    test, ``(model, arrays) → handgrad.Gradients``; by default handgrad's own.

    The cases are judged together with a few small companions, which see what the given ones cannot: a single step,
    cotangents that are zero, tiny or huge. ``alone`` leaves them out.

    Raises BadInput (a ValueError) for anything that cannot be worked with.
    """
    options = Options(cell, activation, loss, reduction, bias, readout, shape, dtype, seed, seeds, text, case)
    chosen = choose(references)
    if truth is not None and truth not in protocol.available():
        raise BadInput(f"truth: got {truth!r}, allowed: {', '.join(protocol.available())}")
    if device not in DEVICES:
        raise BadInput(f"device: got {device!r}, allowed: {', '.join(DEVICES)}")
    started = time.perf_counter()
    with Workers({r.WORKER for r in chosen if r.WORKER and not protocol.missing(r)}, device) as workers:
        made: Iterable[Case]
        made, count = cases(options)  # while the frameworks are loading
        if save_case is not None:
            if count > 1:
                raise BadInput(f"save-case: got {count} cases, allowed: one; leave out seeds")
            made = _saving(made, Path(save_case))
        named = references is not None or device != "cpu"
        required = [reference.NAME for reference in chosen] if named else []
        required += [truth] if truth else []
        session = Session(tuple(chosen), workers, InProcess(candidate), tuple(required), truth or "")
        seen: list[Case] = []
        judgements = []
        for one in progress(made, count) if progress else made:
            judgements.append(session.judge(one))
            seen.append(one)
        together = time.perf_counter()
        accompanied = [] if alone else _accompany(session, seen)
    found, dropped = _sorted_out(accompanied, own=candidate is None)
    return Run(
        command=command or "harness.compare(…)",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=VERSION,
        versions=versions(["numpy", *dict.fromkeys(name for reference in chosen for name in reference.NEEDS)]),
        platform=f"{platform.system()} {platform.machine()}",
        judgements=tuple(judgements),
        findings=(*blind.findings([*seen, *(companion.case for companion, _ in found)]), *dropped),
        companions=tuple(judgement for _, judgement in found),
        companion_seconds=time.perf_counter() - together,
        seconds=time.perf_counter() - started,
    )


Accompanied = list[tuple[Companion, Judgement]]


def _accompany(session: Session, seen: Sequence[Case]) -> Accompanied:
    """The companions of every model and dtype among the cases, judged."""
    kinds = dict.fromkeys((case.model, str(case.dtype)) for case in seen)
    made = [one for model, dtype in kinds for one in companions.of(model, dtype, session.under_test.any_model)]
    return [(one, session.accompany(one)) for one in made]


def _sorted_out(judged: Accompanied, own: bool) -> tuple[Accompanied, list[Finding]]:
    """Those that say something, and what is to be said of the others.

    A candidate from outside may be made for its own sizes: that it does not run at others is no error of its gradient.
    """
    failed = [] if own else [pair for pair in judged if pair[1].verdict == "error"]
    findings = [
        Finding("not run", f"the candidate does not run on the companion case {one.case.source}: {judgement.reason}")
        for one, judgement in failed
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
