"""Planted faults and sound cases put to every entry of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.tools import cases, ours
from benchmarks.tools.planted import Planted, planted
from benchmarks.tools.results import Entry
from benchmarks.tools.subject import Loss, subject
from benchmarks.tools.tools import TOOLS
from harness.bank.classes import FaultClass
from harness.candidate import own
from harness.case import DTYPES, Case


@dataclass(frozen=True)
class Judged:
    """A class of faults under every entry."""

    shows: bool  #: whether the small case shows it at all
    caught: dict[tuple[int, str], bool]  #: by the entry's number and the dtype


def judged(one: FaultClass, entries: Sequence[Entry]) -> Judged:
    """A class of faults, in float64 and in float32."""
    met = planted(one)
    pairs = [(k, dtype) for k in range(len(entries)) for dtype in DTYPES if dtype in entries[k].settings]
    return Judged(met.shows, {(k, dtype): _catches(entries[k], met, dtype) for k, dtype in pairs})


def _catches(entry: Entry, met: Planted, dtype: str) -> bool:
    if entry.tool not in TOOLS:
        return ours.catches(entry.tool, met, dtype)
    case, loss = cases.small(met.model, dtype, cases.FAULTS_SEED)
    return not TOOLS[entry.tool].accepts(subject(met.fault.candidate, case, loss), entry.settings[dtype])


def alarms(entries: Sequence[Entry], dtype: str, part: slice) -> list[int]:
    """On how many of some sound cases each entry alarms; 0 for one that has no settings for the dtype."""
    some = sound(dtype)[part]
    return [sum(_alarms(entry, dtype, *posed) for posed in some) if dtype in entry.settings else 0 for entry in entries]


def _alarms(entry: Entry, dtype: str, case: Case, loss: Loss) -> bool:
    if entry.tool not in TOOLS:
        return not ours.accepts(entry.tool, case)
    return not TOOLS[entry.tool].accepts(subject(own, case, loss), entry.settings[dtype])


def sound(dtype: str) -> Sequence[cases.Posed]:
    """The sound cases that are judged."""
    return cases.sound(dtype, cases.JUDGED_SEEDS)
