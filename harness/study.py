"""The study: what `harness.sensitivity` found out about the harness itself, as data. A leaf, as the run is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FaultSeen:
    """A class of planted faults under the default judgement at one dtype."""

    id: str  #: of the representative
    equation: str
    kind: str
    sentence: str
    members: int  #: how many faults behave like this one
    weak: bool
    dtype: str
    effect: float  #: the largest |Δ| ÷ largest |true entry| of an array, in float64, over the cases that judge
    seen_by: str  #: the first case that does not agree; empty where all do


@dataclass(frozen=True)
class Smallest:
    """The smallest relative error that is seen in one part of a gradient, over all parts of the kind."""

    dtype: str
    part: str  #: element, row, gate, time step
    median: float
    most: float  #: that of 99 in 100
    worst: float


@dataclass(frozen=True)
class Singles:
    """One element off by ``error`` of its array's largest entry: how often that is seen."""

    dtype: str
    error: float
    trials: int
    seen: int


@dataclass(frozen=True)
class Alarms:
    """Sound gradients of one provider under the rules for a candidate."""

    provider: str
    dtype: str
    agree: int
    differ: int  #: false alarms
    inconclusive: int  #: cases that overflow, or are chaotic at their precision
    worst: float  #: error ÷ budget
    arrays: int  #: how many arrays were compared altogether
    examples: tuple[str, ...] = ()  #: what makes the first false alarms


@dataclass(frozen=True)
class Study:
    """Everything that one study found out."""

    command: str
    created: str
    version: str
    versions: Mapping[str, str]
    platform: str
    seconds: float
    faults: tuple[FaultSeen, ...]
    without_effect: int  #: planted faults that change no gradient
    smallest: tuple[Smallest, ...]
    singles: tuple[Singles, ...]
    alarms: tuple[Alarms, ...]
    shapes: int  #: of the sound cases
    build_seconds: float = 0.0  #: for building the bank
    judge_seconds: float = 0.0  #: for judging it at both dtypes

    def caught(self, dtype: str, weak: bool = False) -> tuple[int, int]:
        """How many classes of faults were seen at a dtype, of how many."""
        seen = [bool(fault.seen_by) for fault in self.faults if fault.dtype == dtype and fault.weak == weak]
        return sum(seen), len(seen)

    @property
    def false_alarms(self) -> int:
        """Over all providers and dtypes."""
        return sum(one.differ for one in self.alarms)

    @property
    def comparisons(self) -> int:
        """How many sound gradients were judged, those that were inconclusive left out."""
        return sum(one.agree + one.differ for one in self.alarms)
