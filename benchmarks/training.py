"""Speed of training, into results_training.md: ``python -m benchmarks.training``. Takes about ten minutes.

names and primes as published, by handgrad's gradients alone, beside a plain transcription of the published per-step
code; and in lockstep with JAX, beside handgrad's gradients alone. Every contestant has a process of its own, on one
thread; they take turns, and each turn is a whole training.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.trainer import CONTESTANTS, REFERENCE, Turn, names_file
from benchmarks.turns import PAUSE
from harness.threads import SETTINGS

#: as published
UPDATES: Mapping[str, int] = {"names": 35_000, "primes": 10_000}
ROUNDS = 3
RESULTS = Path(__file__).with_name("results_training.md")
#: transcription and hand must train the same; further on, rounding parts the two
ALIKE = 1e-6


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; with fewer updates or rounds than in full, print alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--task", choices=tuple(UPDATES), help="one alone")
    parser.add_argument("--updates", type=int, help="fewer than published")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--hand-only", action="store_true", help="no lockstep")
    given = parser.parse_args(argv)
    if (given.updates is not None and given.updates < 1) or given.rounds < 1:
        parser.error("updates and rounds: need 1 or more")
    chosen = {given.task: UPDATES[given.task]} if given.task else UPDATES
    updates = {task: given.updates or count for task, count in chosen.items()}
    names = [name for name in CONTESTANTS if name in ("transcription", "hand") or not given.hand_only]
    if find_spec(REFERENCE) is None:
        names = [name for name in names if name in ("transcription", "hand")]
    page = table({task: raced(task, count, names, given.rounds) for task, count in updates.items()}, updates)
    print(page)
    if (updates, given.rounds, names) == (UPDATES, ROUNDS, list(CONTESTANTS)):
        RESULTS.write_text(page, encoding="utf-8")
    return 0


def raced(task: str, updates: int, names: Sequence[str], rounds: int) -> dict[str, list[Turn]]:
    """The turns of each contestant. Raises SystemExit for contestants that do not start or do not train the same."""
    environment = os.environ | dict.fromkeys(SETTINGS, "1")
    environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    started = {
        name: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.trainer", name, task, str(updates)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )
        for name in names
    }  # fmt: skip
    turns: dict[str, list[Turn]] = {name: [] for name in names}
    try:
        for name, process in started.items():
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise SystemExit(f"benchmarks: {name} of {task} did not start")
        for _ in range(rounds):
            for name, process in started.items():
                time.sleep(PAUSE)
                turns[name].append(_turn(process, name))
                print(".", end="", file=sys.stderr, flush=True)
    finally:
        for process in started.values():
            process.kill()
            process.communicate()
    print(file=sys.stderr)
    alike(task, turns)
    return turns


def _turn(process: subprocess.Popen[str], name: str) -> Turn:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("again\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit(f"benchmarks: {name} failed")
    return Turn(**json.loads(answer))


def alike(task: str, turns: Mapping[str, Sequence[Turn]]) -> None:
    """Raise SystemExit where a contestant's first losses are not those of the others, or a lockstep does not agree."""
    (first, (one, *_)), *_ = turns.items()
    for name, those in turns.items():
        for turn in those:
            pairs = zip(one.losses, turn.losses, strict=True)
            for update, (here, there) in enumerate(pairs):
                if not math.isclose(here, there, rel_tol=ALIKE):
                    raise SystemExit(
                        f"benchmarks: {task}, update {update}: {name} has loss {there}, {first} has {here}"
                    )
            if turn.verdict not in ("", "agree"):
                raise SystemExit(f"benchmarks: {task}: {name} is {turn.verdict}")


def table(measured: Mapping[str, Mapping[str, Sequence[Turn]]], updates: Mapping[str, int]) -> str:
    """The page: medians and their ratios."""
    rounds = max(len(turns) for those in measured.values() for turns in those.values())
    lines = [
        "# Speed of training",
        "",
        f"Made by `python -m benchmarks.training` on {platform.machine()} with {os.cpu_count()} cores.",
        f"names: {names_file().name}.",
        "",
        f"Median seconds of {rounds} whole trainings each, one process per contestant, one thread, taking turns.",
        "`transcription` is a plain transcription of the published per-step code; `hand` is the training loop with",
        "handgrad's gradients alone; `lockstep` has JAX's gradient of every update beside it, judged, in a process",
        "beside; `drift` has the reference's own trajectory besides, as the command does. Loading and compiling JAX is",
        "excluded, and named in brackets.",
        "",
        "| task | updates | transcription | hand | lockstep | drift | transcription ÷ hand | lockstep ÷ hand | drift ÷ hand |",  # noqa: E501
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for task, turns in measured.items():
        took = {name: statistics.median(turn.seconds for turn in those) for name, those in turns.items()}
        cells = [task, f"{updates[task]:,}", *(_seconds(took, turns, name) for name in CONTESTANTS)]
        cells.append(f"**{took['transcription'] / took['hand']:.2f}**")
        cells += [f"{took[name] / took['hand']:.2f}" if name in took else "—" for name in ("lockstep", "drift")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _seconds(took: Mapping[str, float], turns: Mapping[str, Sequence[Turn]], name: str) -> str:
    if name not in took:
        return "—"
    apart = statistics.median(turn.apart for turn in turns[name])
    return f"{took[name]:.3g}" + (f" ({apart:.2g})" if apart else "")


if __name__ == "__main__":
    sys.exit(main())
