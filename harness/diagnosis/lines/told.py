"""What was found, in the words and lines of the candidate's source."""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterable, Sequence
from typing import TypedDict

import numpy as np

from harness.diagnosis.lines.mends import Mend, found
from harness.diagnosis.lines.recognised import told
from harness.diagnosis.lines.search import Good, Search
from harness.diagnosis.lines.sites import Site
from harness.diagnosis.lines.trial import Trial

NOTHING = "no right quantity"
#: multiples by which a value may be wrong, in words
_RATIOS = {-1.0: "−", 2.0: "2 × ", 0.5: "½ × ", 3.0: "3 × ", 4.0: "4 × ", 0.25: "¼ × "}


class Told(TypedDict):
    """A place as JSON holds it; see `harness.diagnosed.Place`."""

    certainty: str
    file: str
    line: int
    variable: str
    source: str
    step: str
    holds: str
    should: str


class Teller:
    """Places in the files of a folder, of one trial."""

    def __init__(self, sites: Sequence[Site], trial: Trial, folder: str) -> None:
        self._sites, self._trial, self._folder = sites, trial, folder

    def place(self, good: Good, mend: Mend, search: Search, certainty: str) -> Told:
        """Where a mend was put, or the call of a function whose line is right when it is called from elsewhere."""
        site = self._sites[mend.key[0]]
        file, line, variable = site.file, site.line, site.variable if site.assigned else site.text
        if certainty == "confirmed" and self._serves_others(good, search):
            file, line = mend.key[1][-1]
            variable = self.source(file, line)
        elif certainty == "confirmed":
            line = site.line
        form = found(self._trial.forms, mend, good.before.shape)
        should = NOTHING if form is None else told(form)
        holds = search.holds(good)
        return {
            "certainty": certainty,
            "file": os.path.relpath(file, self._folder),
            "line": line,
            "variable": variable,
            "source": self.source(file, line),
            "step": self._step(good, mend),
            "holds": holds[0] if holds else self._multiple(good, mend),
            "should": should,
        }

    def suspect(self, site: Site, holds: str = NOTHING, should: str = "") -> Told:
        """A line that may be wrong."""
        return {
            "certainty": "suspect",
            "file": os.path.relpath(site.file, self._folder),
            "line": site.line,
            "variable": site.variable,
            "source": self.source(site.file, site.line),
            "step": "",
            "holds": holds,
            "should": should,
        }

    def source(self, file: str, line: int) -> str:
        """A line of the candidate's source."""
        return linecache.getline(file, line).strip()

    def _serves_others(self, good: Good, search: Search) -> bool:
        """Whether the site gives right quantities where it is reached by other lines."""
        number, path = good.mend.key
        kept = {mend.key for mend in search.kept}
        for other, visits in search.seen.at.items():
            if other[0] != number or other[1] == path or other in kept or not path or not other[1]:
                continue
            if other[1][-1] != path[-1] and search.reaches(other) and all(map(search.known, visits)):
                return True
        return False

    def _step(self, good: Good, mend: Mend) -> str:
        T = self._trial.T
        if mend.plan is None or not good.steps:
            return ""
        steps = sorted(good.steps)
        if len(steps) == T:
            return "every step"
        if steps == [T - 1]:
            return "the last step"
        if steps == [0]:
            return "the first step"
        if steps == list(range(T - 1)):
            return "every step but the last"
        if steps == list(range(1, T)):
            return "every step but the first"
        return f"t = {', '.join(map(str, reversed(steps)))} of T = {T}"

    def _multiple(self, good: Good, mend: Mend) -> str:
        """A multiple of what it should be; or no right quantity."""
        form = found(self._trial.forms, mend, good.before.shape)
        if form is None:
            return NOTHING
        right = form.array if mend.plan is None or good.step is None else form.array[good.step]
        there = np.abs(right) > 1e-12 * np.abs(right).max(initial=0)
        if not there.any():
            return NOTHING
        ratios = good.before[there] / right[there]
        if np.ptp(ratios) > self._trial.tolerance * abs(ratios.mean()):
            return NOTHING
        ratio = float(ratios.mean())
        text = next((text for known, text in _RATIOS.items() if abs(ratio - known) < 1e-6), f"{ratio:.4g} × ")
        return text + told(form)


def once(places: Iterable[Told], most: int | None = None) -> list[Told]:
    """Every line once, as many as ``most``."""
    seen: dict[tuple[str, int], Told] = {}
    for place in places:
        seen.setdefault((place["file"], place["line"]), place)
    return list(seen.values())[:most]


__all__ = ["NOTHING", "Teller", "Told", "once"]
