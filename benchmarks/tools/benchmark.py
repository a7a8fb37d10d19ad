"""The whole benchmark, from the settings of the tools to the tables' numbers."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import prod

import numpy as np

from benchmarks.tools import calibration, cases, judging, ours, planted
from benchmarks.tools.classics import CLASSICS
from benchmarks.tools.judging import Judged
from benchmarks.tools.parallel import Progress, spread
from benchmarks.tools.results import Count, Entry, Results, Row, Speed
from benchmarks.tools.settings import ByDtype, Settings
from benchmarks.tools.tools import STEPS, TOOLS
from benchmarks.tools.turns import IN_TORCH, Timed, Turn, turns
from harness.case import DEFAULT_SIZES, DTYPES
from harness.sensitivity.faults import default_model
from harness.version import versions
from references import protocol
from references.model import Model

BEST = "at its best"
#: 6,400 parameters.
LARGE = Timed(Model("lstm", "tanh", "cotangent", "sum", 2, False), {"T": 20, "B": 8, "D": 16, "H": 32, "K": 32})
#: How often each judges the large case; those that take every entry's difference take many seconds.
REPEATS = {
    "torch gradcheck": 3,
    "course check, norms": 3,
    "torch gradcheck, fast": 15,
    "JAX check_grads": 15,
    ours.DEFAULT: 15,
}
SMALL_REPEATS = 15
#: So many sound cases at a time.
PIECE = 15


def benchmark(*, faults: int | None, jobs: int | None, command: str, progress: Progress) -> Results:
    """Choose settings, judge planted faults and sound cases, take the time, show the weaknesses."""
    started = time.perf_counter()
    entries = _entries(jobs, progress)
    ordinary, weak = (planted.sampled(faults, weak=weak) for weak in (False, True))
    seen = spread(judging.judged, [(one, entries) for one in (*ordinary, *weak)], jobs, progress, "planted faults")
    alarms = _alarms(entries, jobs, progress)
    classics = spread(_classic, [(k,) for k in range(len(CLASSICS))], jobs, progress, "known weaknesses")
    small, large = _speeds(entries, progress)
    rows = [
        Row(entry, _caught(k, seen[: len(ordinary)]), _caught(k, seen[len(ordinary) :]), alarms[k], seconds)
        for (k, entry), seconds in zip(enumerate(entries), small, strict=True)
    ]
    return Results(
        command=command,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        versions=versions(["numpy", "torch", "jax"]),
        seconds=time.perf_counter() - started,
        shows=_shown(seen[: len(ordinary)]),
        weak_shows=_shown(seen[len(ordinary) :]),
        sampled=faults is not None,
        calibration=Count(2 * calibration.CHOOSING, len(cases.sound("float64", cases.CALIBRATION_SEEDS))),
        rows=tuple(rows),
        numbers=_entries_of(LARGE),
        speeds=large,
        classics=tuple(classics),
    )


def _entries(jobs: int | None, progress: Progress) -> list[Entry]:
    """Every tool that is installed at its own settings and at its best, and this project's own judgement."""
    able = [tool for tool in TOOLS.values() if not _missing(tool.needs)]
    names = [tool.name for tool in able]
    tasks = [(names, dtype, eps) for dtype in DTYPES for eps in STEPS[dtype]]
    tried = spread(calibration.at_step, tasks, jobs, progress, "settings")
    by_step = [(dtype, one) for (_, dtype, _), one in zip(tasks, tried, strict=True)]
    entries = []
    for tool in able:
        entries += [Entry(tool.name, called, dict.fromkeys(DTYPES, one)) for called, one in tool.own.items()]
        entries.append(Entry(tool.name, BEST, _best(tool.name, by_step)))
    none = dict.fromkeys(DTYPES, Settings())
    return [*entries, Entry(ours.ALONE, "", none), Entry(ours.DEFAULT, "", none)]


def _missing(name: str) -> str:
    known = protocol.available()
    return protocol.missing(known[name]) if name else ""


def _best(name: str, by_step: Sequence[tuple[str, Mapping[tuple[str, float], calibration.Tried]]]) -> ByDtype:
    of_dtype = {
        dtype: calibration.best(
            [one for of, tried in by_step if of == dtype for (tool, _), one in tried.items() if tool == name]
        )
        for dtype in DTYPES
    }
    return {dtype: settings for dtype, settings in of_dtype.items() if settings is not None}


def _caught(k: int, seen: Sequence[Judged]) -> dict[str, Count]:
    by_dtype = {dtype: [one.caught[k, dtype] for one in seen if (k, dtype) in one.caught] for dtype in DTYPES}
    return {dtype: Count(sum(flags), len(flags)) for dtype, flags in by_dtype.items() if flags}


def _shown(seen: Sequence[Judged]) -> Count:
    return Count(sum(one.shows for one in seen), len(seen))


def _alarms(entries: Sequence[Entry], jobs: int | None, progress: Progress) -> list[dict[str, Count]]:
    """For each entry and dtype, on how many of the sound cases it alarms."""
    count = len(judging.sound("float64"))
    tasks = [(entries, dtype, slice(k, k + PIECE)) for dtype in DTYPES for k in range(0, count, PIECE)]
    parts = spread(judging.alarms, tasks, jobs, progress, "sound cases")
    total = {
        dtype: np.sum([part for task, part in zip(tasks, parts, strict=True) if task[1] == dtype], axis=0)
        for dtype in DTYPES
    }
    return [
        {dtype: Count(int(total[dtype][k]), count) for dtype in DTYPES if dtype in entry.settings}
        for k, entry in enumerate(entries)
    ]


def _classic(k: int) -> object:
    return CLASSICS[k]()


def _speeds(entries: Sequence[Entry], progress: Progress) -> tuple[list[float | None], tuple[Speed, ...]]:
    """Of every entry on the case that it met the faults with, and of some on the large one."""
    model = default_model(LARGE.model.cell)
    judging_small = [entry for entry in entries if "float64" in entry.settings]
    judging_large = [entry for entry in judging_small if entry.tool in REPEATS and entry.called != BEST]
    races = [
        [
            Turn(entry, Timed(model, DEFAULT_SIZES if entry.tool == ours.DEFAULT else cases.SIZES), SMALL_REPEATS)
            for entry in judging_small
        ],
        [*_in_torch(judging_large), *(Turn(entry, LARGE, REPEATS[entry.tool]) for entry in judging_large)],
    ]
    small, large = (turns(race) for race in progress(races, len(races), "time"))
    seconds = {(speed.entry.tool, speed.entry.called): speed.seconds for speed in small}
    return [seconds.get((entry.tool, entry.called)) for entry in entries], tuple(large)


def _in_torch(entries: Sequence[Entry]) -> list[Turn]:
    """The slow check once more, with other forwards."""
    slow = [entry for entry in entries if entry.tool == "torch gradcheck"]
    pairs = [(entry, name) for entry in slow for name in IN_TORCH]
    return [Turn(Entry(name, entry.called, entry.settings), LARGE, REPEATS[entry.tool]) for entry, name in pairs]


def _entries_of(timed: Timed) -> int:
    """How many entries the gradient of a case has."""
    shapes = timed.model.shapes(timed.sizes)
    return sum(prod(shapes[name]) for name in timed.model.graded)
