"""What the benchmark found out, as data: the tables only format it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.tools.settings import ByDtype


@dataclass(frozen=True)
class Count:
    """So many of so many."""

    some: int
    of: int


@dataclass(frozen=True)
class Entry:
    """A tool at certain settings: a row of the table."""

    tool: str
    called: str  #: the settings, in a word or two; empty where there are none to choose
    settings: ByDtype  #: none for a dtype at which every setting alarms on sound cases


@dataclass(frozen=True)
class Row:
    """How an entry did, by dtype."""

    entry: Entry
    caught: Mapping[str, Count]  #: classes of planted faults
    weak: Mapping[str, Count]  #: likewise, those that hardly show
    alarms: Mapping[str, Count]  #: on sound cases
    seconds: float | None = None  #: of a judgement in float64, the median


@dataclass(frozen=True)
class Speed:
    """The time of one verdict on a large case."""

    entry: Entry
    seconds: float  #: the median
    repeats: int
    accepted: int  #: in how many of them the sound candidate is accepted
    first: float  #: of the first judgement in the process, of a small case


@dataclass(frozen=True)
class Classic:
    """A known weakness, reproduced."""

    title: str
    setup: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Results:
    """Everything that one run of the benchmark found out."""

    command: str
    created: str
    machine: str
    versions: Mapping[str, str]
    seconds: float
    shows: Count  #: classes of planted faults that change a gradient of the small case
    weak_shows: Count
    sampled: bool  #: not all classes of the bank
    calibration: Count  #: faults and sound cases that settings were chosen by
    rows: tuple[Row, ...]
    numbers: int  #: how many entries the gradient of the large case has
    speeds: tuple[Speed, ...]
    classics: tuple[Classic, ...]
