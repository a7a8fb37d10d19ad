"""Which step of time each visit of a site belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Plan(NamedTuple):
    """How visits follow time: ``phases`` of them in each step, or each phase through all steps by itself."""

    phases: int
    inner: bool  #: the phases of a step follow one another
    backwards: bool
    skipped: str  #: "first" or "last" where the loop leaves out that step; else empty

    def steps(self, T: int) -> list[int]:
        """The steps in the order in which they are visited."""
        steps = list(range(1 if self.skipped == "first" else 0, T - 1 if self.skipped == "last" else T))
        return steps[::-1] if self.backwards else steps

    def of(self, phase: int, T: int) -> list[tuple[int, int]]:
        """The visits of a phase, with the step of each."""
        steps = self.steps(T)
        if self.inner:
            return [(k * self.phases + phase, t) for k, t in enumerate(steps)]
        return [(phase * len(steps) + k, t) for k, t in enumerate(steps)]


def plans(visits: int, T: int) -> Iterator[Plan]:
    """All that so many visits may follow; the usual ones first."""
    for skipped, steps in (("", T), ("first", T - 1), ("last", T - 1)):
        if steps and visits % steps == 0:
            phases = visits // steps
            for inner in (True, False) if phases > 1 and steps > 1 else (True,):
                for backwards in (True, False) if steps > 1 else (True,):
                    yield Plan(phases, inner, backwards, skipped)
