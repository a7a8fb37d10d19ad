"""All mends of one round that do good: wrong entries turn right, and none that is right turns wrong.

A mend is tried only where it can do good. Which gradients' entries a visit reaches is measured by moving its value a
little; a mend that changes a value from which right entries are reached would spoil them.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from harness.diagnosis.lines.forms import Form
from harness.diagnosis.lines.mends import Mend, changes
from harness.diagnosis.lines.recognised import ZERO, Recogniser, told
from harness.diagnosis.lines.sites import Site
from harness.diagnosis.lines.soundness import Soundness
from harness.diagnosis.lines.timing import Timing
from harness.diagnosis.lines.trial import Key, Seen, Trial
from harness.diagnosis.lines.visits import Plan

#: how much a value is moved to see what it reaches, in parts of its largest entry
_MOVE = 0.1
#: visits that are tried one by one where they may each have all steps
_SINGLE = 8


class Good(NamedTuple):
    """A mend that does good."""

    mend: Mend
    others: tuple[Mend, ...]  #: those that put the same there in this case
    event: int  #: the first visit at which it changes something
    left: int  #: entries that are wrong after it
    before: np.ndarray  #: what stands there
    step: int | None  #: the step of that visit; None where it has all at once
    steps: tuple[int, ...]  #: at which something changes


class _Candidate(NamedTuple):
    """A mend that may do good."""

    event: int
    number: int  #: tells those of one event apart
    mends: tuple[Mend, ...]
    step: int | None
    steps: tuple[int, ...]


class Reach(NamedTuple):
    """What each visit of a site reaches: (visits, entries)."""

    wrong: np.ndarray
    right: np.ndarray


class Search:
    """One round: the candidate with the mends that are ``kept``."""

    def __init__(self, trial: Trial, sites: Sequence[Site], kept: Sequence[Mend], until: float) -> None:
        self._trial, self._sites, self._until = trial, sites, until
        self.kept = tuple(kept)
        self._changes = changes(kept, trial.forms, trial.T)
        both = trial.both(self._changes)
        seen = trial.seen(self._changes)
        assert seen is not None and both is not None, "the mends were seen to do good"
        self.seen: Seen = seen
        self.recogniser = Recogniser(trial.forms, trial.tolerance)
        self._soundness = Soundness(seen, sites, self.recogniser)
        self._timing = Timing(seen, sites, self.recogniser, trial.T)
        self._reached: dict[Key, Reach | None] = {}
        self._loss = both[0]
        self.late = False  #: whether time ran out
        self._count = 0

    def good(self, full: bool) -> Iterator[Good]:
        """The mends that do good, in the order in which they change something; with ``full``, that do all of it."""
        waiting: list[_Candidate] = []
        limit = 1 if full else int(self.seen.wrong.sum())
        for key in self._keys():
            first = self.seen.at[key][0]
            while waiting and waiting[0].event < first:
                yield from self._tried(heapq.heappop(waiting), limit)
            for candidate in self._at(key, full):
                heapq.heappush(waiting, candidate)
        while waiting and time.monotonic() < self._until:
            yield from self._tried(heapq.heappop(waiting), limit)

    def _tried(self, candidate: _Candidate, limit: int) -> Iterator[Good]:
        mend = candidate.mends[0]
        after = self._trial.gradients(changes((*self.kept, mend), self._trial.forms, self._trial.T))
        if after is None:
            return
        wrong = self._trial.wrong(after)
        if not (wrong & ~self.seen.wrong).any() and wrong.sum() < limit:
            before = self.seen.events[candidate.event].value
            yield Good(mend, candidate.mends[1:], candidate.event, int(wrong.sum()), before, candidate.step,
                       candidate.steps)  # fmt: skip

    def sound(self, key: Key, event: int) -> bool:
        """Whether all that a site's expression reads is right at a visit; of what is read, whether it itself is."""
        return self._soundness.sound(key, event)

    def known(self, event: int) -> bool:
        """Whether a value is a right quantity."""
        return self._soundness.known(event)

    def holds(self, good: Good) -> tuple[str, ...]:
        """The right quantities that stand where a mend is put, at all its visits; ZERO where nothing does."""
        plan, numbers = good.mend.plan, self.seen.at[good.mend.key]
        if plan is not None:
            visits = plan.of(good.mend.phase, self._trial.T)
            values = [self.seen.events[numbers[visit]].value for visit, _ in visits]
            if not any(value.any() for value in values):
                return (ZERO,)
            largest = max(np.abs(value).max() for value in values)
            forms = self._trial.forms.steps(values[0].shape)
            found = [
                told(form)
                for form in forms
                if all(
                    np.abs(form.array[t] - value).max() <= self._trial.tolerance * largest
                    for (_, t), value in zip(visits, values, strict=True)
                )
            ]
            if found:
                return tuple(dict.fromkeys(found))
        return tuple(dict.fromkeys(match.name for match in self.recogniser.matches(good.before)))

    def reaches(self, key: Key) -> bool:
        """Whether something wrong depends on a site, and the loss does not."""
        return self._reach(key) is not None

    def _keys(self) -> Iterator[Key]:
        """Sites by ways, in the order in which they are first reached, as far as there is time."""
        for key in sorted(self.seen.at, key=lambda key: self.seen.at[key][0]):
            if self._sites[key[0]].kind == "base":
                continue
            if time.monotonic() > self._until:
                self.late = True
                return
            yield key

    # what a site reaches

    def _reach(self, key: Key) -> Reach | None:
        """None for a site that no wrong entry depends on, or that the loss depends on: forward is right."""
        if key not in self._reached:
            self._reached[key] = self._measured(key)
        return self._reached[key]

    def _measured(self, key: Key) -> Reach | None:
        count = len(self.seen.at[key])
        moved = self._moved(key, range(count))
        if moved is None or not (moved & self.seen.wrong).any():
            return None
        rows = [moved]
        if count > 1:
            each = [self._moved(key, [visit]) for visit in range(count)]
            rows = [moved if one is None else one for one in each]
        reached = np.array(rows)
        return Reach(reached & self.seen.wrong, reached & ~self.seen.wrong)

    def _moved(self, key: Key, visits: Sequence[int]) -> np.ndarray | None:
        """Which entries change where the values of these visits move; None where the loss does, or it fails."""
        rng = np.random.default_rng(len(visits))

        def move(value: np.ndarray) -> np.ndarray:
            size = np.abs(value).max(initial=0) if value.dtype.kind == "f" else 1.0
            moved: np.ndarray = value + (size or 1.0) * _MOVE * rng.normal(size=value.shape)
            return moved

        site, path = key
        merged = {number: dict(paths) for number, paths in self._changes.items()}
        own = merged.setdefault(site, {})
        own[path] = {**own.get(path, {}), **dict.fromkeys(visits, move)}
        both = self._trial.both(merged)
        if both is None or not abs(both[0] - self._loss) <= 1e-12 * abs(self._loss):
            return None
        return self._trial.moved(both[1], self.seen.gradients)

    # mends

    def _at(self, key: Key, full: bool) -> Iterator[_Candidate]:
        """The mends at a site that may do good."""
        reach = self._reach(key)
        if reach is None or (full and self.seen.wrong[~reach.wrong.any(axis=0)].any()):
            return
        events = [self.seen.events[number] for number in self.seen.at[key]]
        plan = self._timing.plan(key)
        if plan is not None:
            for phase in range(plan.phases):
                visits = plan.of(phase, self._trial.T)
                shapes = {events[visit].value.shape for visit, _ in visits}
                if len(shapes) == 1:
                    forms = self._fitting(key, self._trial.forms.steps(shapes.pop()))
                    wanted = [[form.array[t] for _, t in visits] for form in forms]
                    yield from self._worth(key, reach, full, plan, phase, visits, forms, wanted)
        if len(events) <= _SINGLE:
            for visit, event in enumerate(events):
                forms = self._fitting(key, self._trial.forms.whole(event.value.shape))
                alone = [[form.array] for form in forms]
                yield from self._worth(key, reach, full, None, visit, [(visit, 0)], forms, alone)

    def _fitting(self, key: Key, forms: list[Form]) -> list[Form]:
        """Adjoints for what depends on the cotangents, other quantities for what does not."""
        site = self._sites[key[0]]
        if key not in self._trial.adjoint or site.assigned:
            return forms
        return [form for form in forms if form.linear == self._trial.adjoint[key]]

    def _worth(
        self,
        key: Key,
        reach: Reach,
        full: bool,
        plan: Plan | None,
        phase: int,
        visits: list[tuple[int, int]],
        forms: list[Form],
        wanted: list[list[np.ndarray]],
    ) -> Iterator[_Candidate]:
        if not forms:
            return
        numbers = [self.seen.at[key][visit] for visit, _ in visits]
        values = np.array([self.seen.events[number].value.ravel() for number in numbers])  # visits entries
        arrays = np.array([[one.ravel() for one in row] for row in wanted])  # forms visits entries
        scale = np.maximum(np.abs(arrays).max(axis=(1, 2)), np.abs(values).max())[:, None, None]
        with np.errstate(invalid="ignore"):
            differ = ~(np.abs(arrays - values) <= self._trial.tolerance * scale)
        some, all_ = differ.any(axis=2), differ.all(axis=2)  # forms visits
        rows = [visit for visit, _ in visits]
        spoils, helps = reach.right[rows].any(axis=1), reach.wrong[rows].any(axis=1)
        worth = some.any(axis=1) & ~(all_ & spoils).any(axis=1) & (some & helps).any(axis=1)
        if full:  # all that is wrong must be reached by what changes
            needed = reach.wrong[rows][:, self.seen.wrong].astype(int)  # visits wrong
            worth &= (some.astype(int) @ needed > 0).all(axis=1)
        tried: dict[bytes, list[int]] = {}
        for number in np.flatnonzero(worth):
            tried.setdefault(np.round(arrays[number] / scale[number, 0, 0], 9).tobytes(), []).append(int(number))
        for same in tried.values():
            mends = tuple(Mend(key, plan, phase, forms[k].key) for k in same)
            first = int(np.flatnonzero(some[same[0]])[0])
            if not self.sound(key, numbers[first]):
                continue
            steps = () if plan is None else tuple(t for k, (_, t) in enumerate(visits) if some[same[0]][k])
            self._count += 1
            yield _Candidate(numbers[first], self._count, mends, steps[0] if steps else None, steps)
