"""How a candidate is judged by its own forward: what stays the same from point to point."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from harness import where
from harness.candidates.process import Process
from harness.judge import Evidence
from harness.own.evidence import evidence
from harness.own.lengths import shape
from harness.own.point import Point, measured

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Way:
    """A candidate's process, and what its file declares."""

    process: Process
    name: str  #: the candidate's
    factor: Callable[[Mapping[str, Any]], float]  #: of what its gradient is declared to be, at the given data
    axes: Callable[[Mapping[str, Any]], Mapping[str, tuple[where.Axis, ...]]]  #: what a layout knows of its arrays
    progress: Progress

    def point(
        self,
        params: Mapping[str, Any],
        data: Mapping[str, Any],
        source: str,
        seconds: float,
        only: Collection[str] = (),
    ) -> Point:
        """What the candidate does at one place, of all its gradients or ``only`` some. Raises CandidateFailed."""

        def shown(fraction: float) -> None:
            self.progress(f"own forward, {source}", fraction)

        return measured(self.process, params, data, source, seconds, shown, only)

    def evidence(self, point: Point, ordinary: Point | None = None) -> Evidence:
        """What is known there, beside an ordinary point where it is none itself."""
        axes = self.axes(point.entries)
        return evidence(point, self.name, self.factor(point.entries), axes, lengths(point.entries), ordinary)


def lengths(entries: Mapping[str, Any]) -> dict[str, int]:
    """The lengths of axes, and products of two, by which a mean or a sum could be off, in words."""
    found: dict[int, str] = {}
    for name, value in entries.items():
        for axis, size in enumerate(shape(value)):
            if size > 2:
                found.setdefault(size, f"the length of {name}" + (f", axis {axis}" if len(shape(value)) > 1 else ""))
    for one, two in combinations(list(found), 2):
        found.setdefault(one * two, f"{one} · {two}: {found[one]}, times {found[two]}")
    return {words: size for size, words in found.items()}
