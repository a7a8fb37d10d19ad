"""What every value of an instrumented candidate passes through: the first that is not finite is kept, with its inputs.

Values that are not finite are followed from where they first appear, so that one which turns into a right number again,
as the infinity in 1 / (1 + inf) does, explains nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib.util import decode_source
from typing import Any, NamedTuple

import numpy as np

from harness.nanwatch.held import floats, leaves, root
from harness.nanwatch.places import HOLDS, LOOP, MADE, READ, WRITTEN, Loop, Site, rewritten
from harness.nanwatch.steps import Steps

#: arrays with more entries are not copied when they are read
_LARGE = 10**6
#: so many values that are not finite are followed, and so many origins of such
_FOLLOWED, _ORIGINS = 200_000, 1000
#: operations that compute every entry from the entries at its place
ELEMENTWISE = frozenset((
    "add", "subtract", "multiply", "divide", "power", "remainder", "negative", "exp", "expm1", "exp2", "log", "log1p",
    "log2", "log10", "sqrt", "square", "tanh", "sinh", "cosh", "abs", "absolute", "reciprocal", "maximum", "minimum",
    "clip", "logaddexp", "sigmoid", "expit", "true_divide",
))  # fmt: skip


class Operand(NamedTuple):
    """What went into an expression."""

    site: int
    value: Any  #: as it was read, where it is an array of floats or a float; else what was read
    held: Any  #: the object itself
    finite: bool
    floats: bool
    when: int  #: how many values that are not finite came before


class Origin(NamedTuple):
    """An expression that is not finite, and is made of what is."""

    site: int
    value: np.ndarray
    bad: np.ndarray  #: which entries are not finite while what they are made of is
    operands: tuple[Operand, ...]
    step: int | None
    visit: int  #: how often the place was reached before
    within: tuple[tuple[str, str], ...]  #: the names that loops around it go through, and where they stand
    deliberate: bool  #: a constant: ``-np.inf``, ``float("nan")``


class Recorder:
    """Answers what rewritten code calls. `begin` and `end` enclose the call that is watched."""

    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.loops: list[Loop] = []
        self.sources: dict[str, list[str]] = {}
        self._recording = False

    def names(self) -> dict[str, Any]:
        """What rewritten code calls, by name."""
        return {MADE: self._made, HOLDS: self._made, LOOP: self._looped}

    def _looped(self, number: int, iterable: Any) -> Any:
        return self._steps.looped(number, iterable) if self._recording else iterable

    def rewritten(self, source: str | bytes, filename: str) -> ast.Module:
        """The tree of a file's source, instrumented."""
        text = decode_source(source) if isinstance(source, bytes) else source
        self.sources[filename] = text.split("\n")
        return rewritten(text, filename, self.sites, self.loops)

    def begin(self) -> None:
        """From now on values are looked at."""
        self._operands: dict[int, Operand] = {}
        self._visits: dict[int, int] = {}
        self.origins: list[Origin] = []
        self._causes: dict[int, int] = {}  #: by the identity of what is not finite: its origin
        self._kept: list[Any] = []  #: keeps those identities from being used again
        self._broken = 0
        self._latest: int | None = None
        self._steps = Steps(self.loops)
        self._recording = True

    def end(self) -> None:
        """Values pass unseen from now on."""
        self._recording = False

    def first_of(self, results: Mapping[str, Any]) -> Origin | None:
        """Where what is not finite in the results comes from; None where all are finite, or nothing was seen."""
        causes = [cause for one in results.values() for cause in self._causes_within(one)]
        if not causes:
            return None
        found = causes if any(cause is not None for cause in causes) else [self._latest]
        known = [cause for cause in found if cause is not None]
        meant = [cause for cause in known if not self.origins[cause].deliberate] or known
        return self.origins[min(meant)] if meant else None

    # values

    def _made(self, number: int, value: Any) -> Any:
        if not self._recording:
            return value
        self._recording = False  # what a candidate's own class does when it is looked at is no value of its program
        try:
            self._look(number, value)
        finally:
            self._recording = True
        return value

    def _look(self, number: int, value: Any) -> None:
        parts = [self._operands.pop(part) for part in self.sites[number].parts if part in self._operands]
        array = floats(value)
        if array is None:
            self._operands[number] = Operand(number, value, value, True, False, self._broken)
            return
        finite = bool(np.isfinite(array).all())
        self._visits[number] = self._visits.get(number, 0) + 1
        if not finite:
            self._follow(number, value, array, parts)
        elif self._causes:  # memory that was written anew
            self._causes.pop(id(value), None)
        kept = array if array.size > _LARGE else array.copy()
        self._operands[number] = Operand(number, kept, value, finite, True, self._broken)

    def _follow(self, number: int, value: Any, array: np.ndarray, parts: list[Operand]) -> None:
        cause = self._cause_of(value)
        operation = self.sites[number].operation
        if cause is None and operation in (READ, WRITTEN):
            cause = self._cause_among(parts)
            cause = self._latest if cause is None else cause
            if cause is None:
                cause = self._begins(number, array, ~np.isfinite(array), parts, deliberate=True)
        elif cause is None:
            cause = self._computed(number, array, parts)
        self._broken += 1
        self._latest = cause
        if cause is not None and len(self._kept) < _FOLLOWED:
            self._kept.append(value)
            self._causes[id(value)] = cause
            owner = root(value)
            self._causes.setdefault(id(owner), cause)
            self._kept.append(owner)

    def _computed(self, number: int, array: np.ndarray, parts: list[Operand]) -> int | None:
        """The origin of a value that was computed: that of what went in, of what was called, or a new one."""
        numbers = [part for part in parts if part.floats]
        broken = [part for part in numbers if not part.finite]
        bad = ~np.isfinite(array)
        if broken:
            new = _new(array, numbers, self.sites[number].operation)
            cause = self._cause_among(broken)
            deliberate = cause is not None and self.origins[cause].deliberate
            if deliberate:  # infinities that were meant: what is no number any more was not
                nan_in = any(np.isnan(part.value).any() for part in broken)
                new = np.isnan(array) if not nan_in else new
            return self._begins(number, array, new, numbers) if new is not None and new.any() else cause
        within = self._cause_among(parts)
        if within is not None:  # in a list or a dict that went in
            return within
        started = min((part.when for part in parts), default=self._broken)
        if self._broken > started:  # inside a function of its own that was called
            return self._latest
        return self._begins(number, array, bad, numbers, deliberate=not numbers and array.ndim == 0)

    def _begins(
        self, number: int, array: np.ndarray, bad: np.ndarray, parts: list[Operand], deliberate: bool = False
    ) -> int | None:
        if len(self.origins) >= _ORIGINS:
            return self._latest
        visit = self._visits[number] - 1
        self.origins.append(Origin(number, array.copy(), bad, tuple(parts), self._steps.step(), visit,
                                   self._steps.names(), deliberate))  # fmt: skip
        return len(self.origins) - 1

    def _cause_of(self, value: Any) -> int | None:
        cause = self._causes.get(id(value))
        return self._causes.get(id(root(value))) if cause is None else cause

    def _cause_among(self, parts: list[Operand]) -> int | None:
        """The earliest origin of what went in that is not finite; one that was not meant before one that was."""
        found = [cause for part in parts for cause in self._causes_within(part.held) if cause is not None]
        return min(found, key=lambda cause: (self.origins[cause].deliberate, cause), default=None)

    def _causes_within(self, value: Any) -> Iterator[int | None]:
        """The origins of what is not finite in a value; None for one that was never seen."""
        for one in leaves(value):
            array = floats(one)
            if array is not None and not np.isfinite(array).all():
                yield self._cause_of(one)


def _new(array: np.ndarray, parts: list[Operand], operation: str) -> np.ndarray | None:
    """Which entries are not finite though all that they are made of is; None where entries do not say."""
    if operation not in ELEMENTWISE:
        return None
    bad: np.ndarray = ~np.isfinite(array)
    for part in parts:
        try:
            bad = bad & np.broadcast_to(np.isfinite(part.value), array.shape)
        except ValueError:
            return None
    return bad
