"""Which step of time each visit of a site belongs to, by what is recognised around it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.diagnosis.lines.recognised import Recogniser
from harness.diagnosis.lines.sites import Site
from harness.diagnosis.lines.trial import Key, Seen
from harness.diagnosis.lines.visits import Plan, plans
from harness.diagnosis.lines.watch import Path

#: a loop, and the way to it: file, line of the function, line of the loop, path
_Around = tuple[str, int, int, Path]


class Timing:
    """Of the sites of one recorded run over T steps."""

    def __init__(self, seen: Seen, sites: Sequence[Site], recogniser: Recogniser, T: int) -> None:
        self._seen, self._sites, self._recogniser, self._T = seen, sites, recogniser, T
        self._plans: dict[tuple[_Around, int], Plan] = {}
        self._loops = {(site.file, site.line): (site.function, site.loop) for site in sites}

    def plan(self, key: Key) -> Plan | None:
        """Which step each visit of a site belongs to: what most values around it say. None where there is none."""
        count = len(self._seen.at[key])
        site = self._sites[key[0]]
        around = (site.file, site.function, site.loop, key[1])
        if count == 1 and self._T > 1:
            return None
        if (around, count) not in self._plans:
            self._vote(around, count)
        return self._plans.get((around, count))

    def _vote(self, around: _Around, count: int) -> None:
        possible = list(plans(count, self._T))
        if not possible:
            return
        votes: dict[Plan, float] = defaultdict(float)
        for key, numbers in self._seen.at.items():
            if len(numbers) != count or not self._within(key, around):
                continue
            found = [{m.step for m in self._recogniser.matches(self._seen.events[k].value)} for k in numbers]
            for plan in possible:
                steps = {visit: t for phase in range(plan.phases) for visit, t in plan.of(phase, self._T)}
                votes[plan] += sum(steps[visit] in one for visit, one in enumerate(found))
        self._plans[around, count] = max(possible, key=lambda plan: votes[plan])

    def _within(self, key: Key, around: _Around) -> bool:
        """Whether a site lies in a loop, or in a function that is called there."""
        site, path = self._sites[key[0]], around[3]
        if (site.file, site.function, site.loop, key[1]) == around:
            return True
        called = key[1][len(path)] if key[1][: len(path)] == path and len(key[1]) > len(path) else None
        return called is not None and called[0] == around[0] and self._loops.get(called) == around[1:3]
