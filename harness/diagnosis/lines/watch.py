"""What every value of an instrumented candidate passes through: it is looked at, moved a little, or replaced."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from harness.diagnosis.lines.instrument import instrumented
from harness.diagnosis.lines.sites import SITE, WRITTEN, Site

#: by which lines of the candidate a site was reached, the outermost first: (file, line) of every call
Path = tuple[tuple[str, int], ...]
#: replaces the value of a visit: site → path → visit → what is put there, of the value that it has
Changes = Mapping[int, Mapping[Path, Mapping[int, Callable[[np.ndarray], np.ndarray]]]]
#: longer ways than this are not told apart
_DEEPEST = 40


class Event(NamedTuple):
    """One visit of a site."""

    site: int
    path: Path
    visit: int  #: how often the site was reached by this path before
    value: np.ndarray  #: a copy
    before: np.ndarray | None = None  #: what stood there before it was replaced


class Watch:
    """Called by rewritten code at every site. Arrays of floats are of interest, and all else passes."""

    def __init__(self) -> None:
        self.sites: list[Site] = []  #: of all that was loaded; a site's number is its place
        self.events: list[Event] = []
        self._changes: Changes = {}
        self._visits: dict[tuple[int, Path], int] = {}
        self._recording = False
        self._base: FrameType | None = None
        self._counted, self._files = 0, set[str]()
        self.coarse = False  #: whether an array of a narrower dtype than float64 was seen

    def names(self) -> dict[str, Any]:
        """What rewritten code calls, by name."""
        return {SITE: self._site, WRITTEN: self._written}

    def rewritten(self, source: str | bytes, filename: str) -> ast.Module:
        """The tree of a file's source, instrumented."""
        return instrumented(source, filename, self.sites)

    def begin(self, changes: Changes, recording: bool) -> None:
        """Before a run: what to replace in it, and whether to keep what is seen. Called from what calls the candidate.

        Values are kept as they are after a replacement.
        """
        self._changes, self._recording = changes, recording
        self._visits = {}
        self._base = sys._getframe(1)
        if recording:
            self.events = []

    def _site(self, number: int, value: Any) -> Any:
        if not self._recording and number not in self._changes:
            return value
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fb" or not value.size:
            return value
        return self._seen(number, value, False)

    def _written(self, number: int, value: Any) -> None:
        if not self._recording and number not in self._changes:
            return
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size:
            self._seen(number, value, True)

    def _seen(self, number: int, value: np.ndarray, in_place: bool) -> np.ndarray:
        path = self._path()
        visit = self._visits.get((number, path), 0)
        self._visits[number, path] = visit + 1
        change = self._changes.get(number, {}).get(path, {}).get(visit)
        before = None
        if change is not None:
            before = np.array(value, subok=False)
            new = change(before)
            if new.shape == value.shape:
                if in_place:
                    value[...] = new
                else:
                    value = new.astype(value.dtype if value.dtype.kind == "f" else float).view(type(value))
        if self._recording:
            self.coarse |= value.dtype.kind == "f" and value.dtype.itemsize < 8
            self.events.append(Event(number, path, visit, np.array(value, dtype=float, subok=False), before))
        return value

    def _path(self) -> Path:
        """The lines from which the function at work was called, within the candidate."""
        if self._counted != len(self.sites):  # a module beside the file may be imported late
            self._counted, self._files = len(self.sites), {site.file for site in self.sites}
        found: list[tuple[str, int]] = []
        frame: FrameType | None = sys._getframe(3).f_back
        while frame is not None and frame is not self._base and len(found) < _DEEPEST:
            if frame.f_code.co_filename in self._files:
                found.append((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
        return tuple(reversed(found))
