"""Errors step by step as small charts: a log scale of error upwards, time across, the budget as a dashed line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from harness.pictured import Adjoint, Adjoints
from harness.run import Judgement
from reports import numbers

from .tables import Cell, Line, Table

#: Of the plotting area, in pixels; charts are laid side by side as many as fit.
WIDTH, HEIGHT = 220.0, 110.0
MOST_POINTS, MOST_TICKS = 60, 5


@dataclass(frozen=True)
class Point:
    """One step: where it is drawn, and what it says. ``kind``: within, above, zero or infinite."""

    x: float
    y: float
    kind: str
    text: str


@dataclass(frozen=True)
class Chart:
    """One quantity, or one gate of it."""

    title: str
    summary: str  #: in words, for those who do not see it
    line: str  #: an SVG path
    budget: str  #: likewise
    points: tuple[Point, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Steps:
    """All charts of a run, on one scale, and the same numbers as a table."""

    title: str
    note: str
    notes: tuple[str, ...]
    charts: tuple[Chart, ...]
    table: Table


@dataclass(frozen=True)
class _Scale:
    low: int  #: decades
    high: int

    def y(self, value: float) -> float:
        """Zero lies on the bottom line, infinity on the top one."""
        if not value > 0:
            return HEIGHT
        at = (log10(value) - self.low) / (self.high - self.low) if np.isfinite(value) else 1.0
        return round(HEIGHT * (1 - min(max(at, 0.0), 1.0)), 2)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        every = ceil((self.high - self.low) / MOST_TICKS)
        return tuple((self.y(10.0**n), f"1e{n}" if n else "1") for n in range(self.low, self.high + 1, every))


def of_adjoints(told: Adjoints) -> Steps:
    """``da`` gate by gate, ``dh`` and ``dc``."""
    note = f"Worst |Δ| ÷ largest |true entry| at each time step; dashed: what rounding explains. {told.case}"
    method = (f"seen by: {told.method}",) if told.method else ()
    return _steps("Adjoints, step by step", note, (*method, *told.notes), told.quantities)


def of_inputs(judgement: Judgement) -> Steps | None:
    """Where no adjoints were seen: the gradient of x step by step, against truth; None where that was not judged."""
    found = [p for p in judgement.parts if p.kind == "step" and p.reference == judgement.truth]
    if not found:
        return None
    quantities = tuple(
        Adjoint(f"gradient of {part.array}", ("",), part.ratio[np.newaxis], np.ones((1, len(part.ratio))))
        for part in found
    )
    note = f"Worst error ÷ budget at each time step, against {judgement.truth}; dashed: 1, what rounding explains."
    return _steps("Step by step", note, (), quantities)


def _steps(title: str, note: str, notes: tuple[str, ...], quantities: Sequence[Adjoint]) -> Steps:
    scale = _scale(quantities)
    each = [
        (f"{one.quantity} {label}".strip(), np.asarray(error, float), np.asarray(budget, float))
        for one in quantities
        for label, error, budget in zip(one.labels, one.error, one.budget, strict=True)
    ]
    return Steps(title, note, notes, tuple(_chart(*one, scale) for one in each), _table(each))


def _scale(quantities: Sequence[Adjoint]) -> _Scale:
    """Whole decades around all that is shown, so that charts can be compared."""
    values = [np.ravel(values) for one in quantities for values in (one.error, one.budget)]
    every = np.concatenate(values) if values else np.array([])
    known = every[np.isfinite(every) & (every > 0)]
    if not known.size:
        return _Scale(-1, 1)
    low, high = floor(log10(known.min())), ceil(log10(known.max()))
    return _Scale(low, max(high, low + 2))


def _chart(title: str, error: np.ndarray, budget: np.ndarray, scale: _Scale) -> Chart:
    T = len(error)
    xs = [round(WIDTH * (t + 0.5) / T, 2) for t in range(T)]
    # ∞ budget explains everything, NaN nothing that is known: neither makes a step wrong.
    above = [bool(e > b) for e, b in zip(error, budget, strict=True)]
    points = tuple(
        Point(x, scale.y(float(e)), _kind(float(e), wrong), f"t = {t}: {numbers.amount(float(e))}, "
              f"rounding explains {numbers.amount(float(b))}")
        for t, (x, e, b, wrong) in enumerate(zip(xs, error, budget, above, strict=True))
        if not np.isnan(e) and (wrong or T <= MOST_POINTS)
    )  # fmt: skip
    every = max(ceil(T / 6), 1)
    return Chart(
        title, _summary(title, error, above), _path(xs, error, scale), _path(xs, budget, scale), points,
        tuple((xs[t], str(t)) for t in range(0, T, every)), scale.ticks(),
    )  # fmt: skip


def _kind(error: float, above: bool) -> str:
    if not np.isfinite(error):
        return "infinite"
    return "above" if above else "zero" if error == 0 else "within"


def _summary(title: str, error: np.ndarray, above: Sequence[bool]) -> str:
    known = error[~np.isnan(error)]
    if not known.size:
        return f"{title}: nothing is known"
    worst = numbers.amount(float(known.max()))
    wrong = [str(t) for t, one in enumerate(above) if one]
    said = f"above the budget at steps {', '.join(wrong)}" if wrong else "within the budget wherever it is known"
    return f"{title}: {said}; largest error {worst}"


def _path(xs: Sequence[float], values: np.ndarray, scale: _Scale) -> str:
    """A line with a gap where nothing is known; a single known step is a short dash."""
    pieces: list[list[str]] = [[]]
    for x, value in zip(xs, values, strict=True):
        if np.isnan(value):
            pieces.append([])
        else:
            pieces[-1].append(f"{x:g} {scale.y(float(value)):g}")
    return "".join(f"M{'L'.join(piece)}" if len(piece) > 1 else f"M{piece[0]}h4" for piece in pieces if piece)


def _table(each: Sequence[tuple[str, np.ndarray, np.ndarray]]) -> Table:
    lines = tuple(
        Line(
            (Cell(title), Cell(str(t), float(t)), Cell(_known(e), float(e)), Cell(_known(b), float(b)),
             Cell("above" if e > b else "within" if e <= b else "not known")),
            "differ" if e > b else "agree" if e <= b else "",
        )
        for title, error, budget in each for t, (e, b) in enumerate(zip(error, budget, strict=True))
    )  # fmt: skip
    return Table("every step", ("quantity", "t", "error", "budget", ""), lines, frozenset({1, 2, 3}))


def _known(value: float) -> str:
    return "–" if np.isnan(value) else numbers.amount(float(value))
