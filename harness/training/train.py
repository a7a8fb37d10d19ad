"""One training command: the task's settings, each descended by the hand side with the automatic gradient beside it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from harness.candidates.process import MEMORY, TIMEOUT
from harness.trained import Trained, Trainee
from harness.training import tasks
from harness.training.one import How, trained
from harness.training.options import Options
from harness.version import VERSION, versions
from references import protocol

#: words and a fraction, where somebody watches
Progress = Callable[[str, float], None]


def train(
    task: str,
    *,
    updates: int | None = None,
    activation: str | None = None,
    candidate: str | Path | None = None,
    data: str | Path | None = None,
    hidden: int | None = None,
    rate: float | None = None,
    clip: float | None = None,
    clip_norm: float | None = None,
    seed: int | None = None,
    reference: str | None = None,
    lockstep: bool = True,
    drift: bool = True,
    samples: int = 0,
    timeout: float = TIMEOUT,
    memory: float = MEMORY,
    command: str = "",
    progress: Progress | None = None,
) -> Trained:
    """Train one of the casebook's systems as it was published, the hand-derived gradient beside an automatic one.

    At every update both are computed at the same weights and judged by the budget: that is the verdict. ``drift``
    besides lets the automatic gradient descend by itself, and tells how far the two trajectories part, which is no
    fault. What is not given is as published: ``updates``, ``hidden`` units, ``rate``, ``clip`` (elementwise; 0 for
    none), ``clip_norm``, ``seed``. ``activation`` trains another variant beside the published one (sequence, primes);
    ``data`` is a file (names, text); ``candidate`` a Python file whose backward pass is descended by, with a layout of
    the task's model. ``samples`` is how many are drawn from the trained model in the end.

    An interrupt ends the training, and what was measured so far is given. Raises BadInput for all else.
    """
    started = time.perf_counter()
    options = Options(updates, activation, None if data is None else Path(data), hidden, rate, clip, clip_norm, seed)
    settings = tasks.get(task).settings(options)
    if candidate is not None:
        settings = settings[-1:]  # the variant that was asked for: a candidate is of one
    how = How(updates, candidate, clip is not None or clip_norm is not None,
              reference, lockstep, drift, samples, timeout, memory)  # fmt: skip
    trainees: list[Trainee] = []
    interrupted = False
    for number, setting in enumerate(settings):
        one, interrupted = trained(setting, how, _shown(progress, number, len(settings)))
        trainees.append(one)
        if interrupted:
            break
    beside = [one.lockstep.reference for one in trainees if one.lockstep is not None]
    needs = [name for reference in beside for name in protocol.available()[reference].NEEDS]
    return Trained(
        command=command or f"harness.train({task!r})",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=VERSION,
        versions=versions(dict.fromkeys(["numpy", *needs])),
        platform=platform.platform(),
        task=task,
        data=settings[0].data,
        trainees=tuple(trainees),
        interrupted=interrupted,
        seconds=time.perf_counter() - started,
    )


def _shown(progress: Progress | None, number: int, count: int) -> Progress:
    """Progress of one of several, as part of the whole."""
    if progress is None:
        return lambda words, fraction: None
    return lambda words, fraction: progress(words, (number + fraction) / count)
