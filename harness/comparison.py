"""The main job: cases → providers → verdicts, as a run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness import blind, casefile
from harness.candidate import Candidate
from harness.case import Case
from harness.errors import BadInput
from harness.options import Options, cases
from harness.run import Run
from harness.session import Session
from harness.version import VERSION, versions
from harness.workers import Workers
from references import protocol
from references.protocol import Reference

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
    candidate: Candidate | None = None,
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
        made: Iterable[Case]
        made, count = cases(options)  # while the frameworks are loading
        if save_case is not None:
            if count > 1:
                raise BadInput(f"save-case: got {count} cases, allowed: one; leave out seeds")
            made = _saving(made, Path(save_case))
        named = references is not None or device != "cpu"
        session = Session(tuple(chosen), workers, candidate, required=tuple(r.NAME for r in chosen) if named else ())
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
