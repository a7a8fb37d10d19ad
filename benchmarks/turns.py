"""Contestants that take turns: one process each, so that no thread pool disturbs another's, medians over rounds."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from harness.threads import SETTINGS

PAUSE = 0.1  # seconds between turns, in which the last contestant's threads stop spinning
TURN = 0.1  # seconds that a turn takes at least: short runs are repeated


def race(names: Sequence[str], arguments: Sequence[str], threads: int, rounds: int) -> dict[str, float]:
    """The median seconds of a run of each contestant."""
    environment = os.environ | dict.fromkeys(SETTINGS, str(threads))
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    started = {
        name: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contestant", name, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )
        for name in names
    }  # fmt: skip
    try:
        for name, process in started.items():
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise SystemExit(f"benchmarks: {name} did not start")
        times = {name: max(1, round(TURN / _turn(process, 1))) for name, process in started.items()}
        turns: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds):
            for name, process in started.items():
                time.sleep(PAUSE)
                turns[name].append(_turn(process, times[name]))
    finally:
        for process in started.values():
            process.kill()
            process.communicate()
    return {name: statistics.median(seconds) for name, seconds in turns.items()}


def _turn(process: subprocess.Popen[str], times: int) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{times}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def alternate(commands: dict[str, Sequence[str]], rounds: int) -> dict[str, float]:
    """The median wall seconds of whole commands, run in turn after one run each that is not counted."""
    walls: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if number:
                walls[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in walls.items()}
