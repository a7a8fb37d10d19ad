"""One way to train in a process of its own: for each line that it is sent it trains anew, and answers in JSON.

``transcription`` is the published code, step by step; ``hand`` is the training loop with handgrad's gradients;
``lockstep`` is the same with the automatic gradient of every update beside it, judged, and ``drift`` with the
reference's own trajectory besides.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

REFERENCE = "jax"
#: losses that tell whether two contestants train the same
SHOWN = 100

_DINOS = Path(__file__).resolve().parents[2] / "shared" / "data" / "dinos.txt"


class Turn(NamedTuple):
    """What one training took."""

    seconds: float  #: without what is ``apart``
    apart: float  #: loading and compiling the reference
    losses: list[float]  #: the first
    verdict: str  #: of the lockstep; empty without one


def names_file() -> Path:
    """The list of dinosaurs where it is there, else the project's own list."""
    from harness.training.tasks.names import LIST

    return _DINOS if _DINOS.exists() else LIST


def transcription(task: str, updates: int) -> Turn:
    """The published code."""
    losses = _transcribed(task)
    started = time.perf_counter()
    first = list(islice(losses, min(SHOWN, updates)))
    for _ in range(updates - len(first)):
        next(losses)
    return Turn(time.perf_counter() - started, 0.0, first, "")


def _transcribed(task: str) -> Iterator[float]:
    from benchmarks.transcriptions import names, primes

    if task == "names":
        return names.training(names_file().read_text(encoding="utf-8"))
    return primes.training()


def hand(task: str, updates: int) -> Turn:
    """The training loop alone."""
    from harness.training import tasks
    from harness.training.hands import Own
    from harness.training.loop import train
    from harness.training.options import Options

    setting = tasks.get(task).settings(Options(data=names_file() if task == "names" else None))[0]
    own = Own(setting.model)
    started = time.perf_counter()
    log = train(setting, own, updates)
    return Turn(time.perf_counter() - started, 0.0, log.losses[:SHOWN], "")


def lockstep(task: str, updates: int, drift: bool = False) -> Turn:
    """The training loop with the reference beside it."""
    from harness.training import tasks
    from harness.training.hands import Own
    from harness.training.lockstep import Beside
    from harness.training.loop import train
    from harness.training.options import Options

    setting = tasks.get(task).settings(Options(data=names_file() if task == "names" else None))[0]
    own = Own(setting.model)
    with Beside(setting, REFERENCE, drift) as beside:
        started = time.perf_counter()
        log = train(setting, own, updates, (beside,))
        told, _ = beside.finish()
        seconds = time.perf_counter() - started
    apart = beside.seconds_compiling
    return Turn(seconds - apart, apart, log.losses[:SHOWN], told.verdict)


CONTESTANTS: dict[str, Callable[[str, int], Turn]] = {
    "transcription": transcription,
    "hand": hand,
    "lockstep": lockstep,
    "drift": lambda task, updates: lockstep(task, updates, drift=True),
}


def main(name: str, task: str, updates: str) -> None:
    """Say when ready, after a few updates that are not timed; then one training per line."""
    run = CONTESTANTS[name]
    run(task, min(SHOWN, int(updates)))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(run(task, int(updates))._asdict()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
