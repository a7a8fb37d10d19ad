"""The whole study, on all cores, with progress."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.bank import catalogue, classes
from harness.case import DTYPES
from harness.sensitivity import alarms, faults, smallest
from harness.study import Study
from harness.version import VERSION, versions
from references import equations

SEEDS = range(20)
#: tasks, how many they are, and what they are → the same, shown passing by
Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


def study(
    *, sound: int, shapes: int, jobs: int | None = None, command: str = "", progress: Progress | None = None
) -> Study:
    """Judge the bank at both dtypes, solve for the smallest errors, and look for alarms over ``sound`` sound cases.

    The sound cases are spread over ``shapes`` shapes; each is judged once per provider. ``jobs`` processes work, by
    default one per core.
    """
    shown = progress or (lambda tasks, count, words: tasks)
    started = time.perf_counter()
    catalogue.catalogue()
    build = time.perf_counter() - started
    planted = [*classes.classes(), *classes.classes(weak=True)]
    models = [faults.default_model(cell) for cell in equations.cells()]
    each = max(1, sound // shapes)
    before = time.perf_counter()
    seen = _shared(faults.seen, [(one, dtype) for one in planted for dtype in DTYPES], jobs, shown, "planted faults")
    judging = time.perf_counter() - before
    parts = _shared(alarms.of_shape, _pieces(shapes, each), jobs, shown, "sound cases") if sound else []
    return Study(
        command=command or "harness.sensitivity.study(…)",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=VERSION,
        versions=versions(["numpy", *(name for name in alarms.providers() if name != "handgrad")]),
        platform=f"{platform.system()} {platform.machine()}",
        seconds=time.perf_counter() - started,
        faults=tuple(seen),
        without_effect=len(classes.without_effect()),
        smallest=tuple(one for dtype in DTYPES for one in smallest.smallest(models, dtype, SEEDS)),
        singles=tuple(smallest.singles(models, dtype, SEEDS) for dtype in DTYPES),
        alarms=alarms.summed(parts),
        shapes=shapes if sound else 0,
        build_seconds=build,
        judge_seconds=judging,
    )


def _pieces(shapes: int, each: int) -> list[tuple[int, int, int]]:
    """Every shape's cases in pieces of a few, so that no core is left alone with a large one."""
    step = 10
    return [(number, first, min(step, each - first)) for number in range(shapes) for first in range(0, each, step)]


def _shared(
    work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], jobs: int | None, shown: Progress, words: str
) -> list[Any]:
    """``work`` done on every task, in processes of one thread each; the results in the tasks' order."""
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", n_jobs=jobs or -1, inner_max_num_threads=1):
        results = Parallel(return_as="generator", batch_size="auto")(delayed(work)(*task) for task in tasks)
        return list(shown(results, len(tasks), words))
