"""One case that an instrumented candidate is run on, again and again, with this and that replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.candidates.failure import CandidateFailed
from harness.diagnosis.lines.entries import Entry
from harness.diagnosis.lines.forms import Forms
from harness.diagnosis.lines.watch import Changes, Event, Path, Watch

#: relative to the largest entry of an array: what counts as right; where float32 is inside, the second
FINE, COARSE = 1e-8, 2e-4

#: the candidate: params and data in, loss and gradients out. Raises CandidateFailed.
Call = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[float, dict[str, np.ndarray]]]
#: a site and the way to it
Key = tuple[int, Path]


class Given(NamedTuple):
    """What is known of a case."""

    params: Mapping[str, Any]
    data: Mapping[str, Any]
    loss: float
    right: Mapping[str, np.ndarray]  #: the gradients as they should come, by the candidate's names
    T: int
    entries: Sequence[Entry]
    other: Mapping[str, Any]  #: data with other targets or cotangents: what changes with them is an adjoint


class Seen(NamedTuple):
    """One recorded run."""

    events: list[Event]
    at: dict[Key, list[int]]  #: of each site by each way, its visits: places in ``events``
    gradients: np.ndarray  #: all of them, flat
    wrong: np.ndarray  #: which of their entries are


class Trial:
    """Runs of the candidate on one case. ``runs`` counts them."""

    def __init__(self, call: Call, watch: Watch, given: Given) -> None:
        self._call, self._watch, self._given = call, watch, given
        self.T = given.T
        self.forms = Forms(given.entries, given.T)
        self.runs = 0
        self.names: tuple[str, ...] = ()
        self._right = self._scale = np.zeros(0)
        self.adjoint: dict[Key, bool] = {}  #: of each site by each way: whether its values change with the cotangents

    def start(self) -> str:
        """The first run: which gradients there are. Returns why no diagnosis can follow; empty where one can."""
        try:
            loss, grads = self._run({}, False)
        except CandidateFailed as error:
            return f"instrumented, {error}"
        self.names = tuple(name for name in self._given.right if name in grads)
        if not self.names:
            return "it gives none of the gradients that the layout describes"
        self._right = np.concatenate([self._given.right[name].ravel() for name in self.names])
        largest = [np.abs(self._given.right[name]).max(initial=0.0) for name in self.names]
        sizes = [self._given.right[name].size for name in self.names]
        self._scale = np.repeat([one or 1.0 for one in largest], sizes)
        if not abs(loss - self._given.loss) <= 1e-3 * max(abs(self._given.loss), 1e-3):
            return "its forward departs from the cell that its layout names"
        return ""

    def sort(self) -> None:
        """Find out which values are adjoints."""
        values = []
        for data in (self._given.data, self._given.other):
            try:
                self._watch.begin({}, True)
                self._call(self._given.params, data)
            except CandidateFailed:
                return
            found: dict[Key, list[np.ndarray]] = {}
            for event in self._watch.events:
                found.setdefault((event.site, event.path), []).append(event.value)
            values.append(found)
        for key, ones in values[0].items():
            if any(one.any() for one in ones):
                others = values[1].get(key, [])
                self.adjoint[key] = len(ones) != len(others) or any(
                    not np.array_equal(one, other) for one, other in zip(ones, others, strict=True)
                )

    @property
    def tolerance(self) -> float:
        """What counts as right, relative to the largest entry."""
        return COARSE if self._watch.coarse else FINE

    def seen(self, changes: Changes) -> Seen | None:
        """A run that is recorded; None where it fails."""
        gradients = self.gradients(changes, True)
        if gradients is None:
            return None
        at: dict[Key, list[int]] = {}
        for number, event in enumerate(self._watch.events):
            at.setdefault((event.site, event.path), []).append(number)
        return Seen(self._watch.events, at, gradients, self.wrong(gradients))

    def gradients(self, changes: Changes, recording: bool = False) -> np.ndarray | None:
        """All gradients, flat; None where the candidate fails."""
        both = self.both(changes, recording)
        return None if both is None else both[1]

    def both(self, changes: Changes, recording: bool = False) -> tuple[float, np.ndarray] | None:
        """Loss and gradients, flat; None where the candidate fails."""
        try:
            loss, grads = self._run(changes, recording)
        except CandidateFailed:
            return None
        if any(name not in grads for name in self.names):
            return None
        return loss, np.concatenate([np.asarray(grads[name], float).ravel() for name in self.names])

    def wrong(self, gradients: np.ndarray) -> np.ndarray:
        """Which entries are wrong."""
        with np.errstate(invalid="ignore"):
            wrong: np.ndarray = ~(np.abs(gradients - self._right) <= self.tolerance * self._scale)
        return wrong

    def named(self, wrong: np.ndarray) -> tuple[str, ...]:
        """The gradients that have wrong entries."""
        first, found = 0, []
        for name in self.names:
            size = self._given.right[name].size
            found += [name] if wrong[first : first + size].any() else []
            first += size
        return tuple(found)

    def moved(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Which entries differ between two runs."""
        with np.errstate(invalid="ignore"):
            far = ~(np.abs(one - other) <= 1e-10 * self._scale)
        same = (one == other) | (np.isnan(one) & np.isnan(other))  # also what is not finite
        moved: np.ndarray = far & ~same
        return moved

    def _run(self, changes: Changes, recording: bool) -> tuple[float, dict[str, np.ndarray]]:
        self.runs += 1
        self._watch.begin(changes, recording)
        with np.errstate(all="ignore"):
            return self._call(self._given.params, self._given.data)
