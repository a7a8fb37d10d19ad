"""Curves as SVG that fits any width: lines are stretched to it, texts are not.

An area of 1000 × 200 is stretched across the page with strokes that keep their width; tick labels stand beside it in
pixels and shares of its width. So no text shrinks on a phone, and no script is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10

import numpy as np

from reports import decades
from reports.sparkline import logarithmic
from reports.thinning import thin

WIDTH, HEIGHT = 1000, 200
POINTS = 600  #: of a curve; a longer one is thinned such that no minimum and no maximum is lost
MOST = 6  #: ticks of an axis, about
Curves = Mapping[str, tuple[np.ndarray, np.ndarray]]  #: updates and values by name


@dataclass(frozen=True)
class Tick:
    """A tick: where it stands, from 0 to 1 (from the left, or from the top), and its label."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """One curve: paths in the stretched area."""

    name: str
    path: str
    band: str = ""  #: from the smallest to the largest value of each stretch, where it is thinned
    colour: int = 0  #: which of the classes ``c0`` … of plot.css


@dataclass(frozen=True)
class Plot:
    """Curves on common axes."""

    title: str
    label: str  #: what it shows, in words, for those who do not see it
    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    log: bool = False
    rules: tuple[float, ...] = ()  #: vertical lines, from 0 to 1
    dots: tuple[tuple[str, bool], ...] = ()  #: a path of no length each, and whether it is as it should be


def plot(
    title: str,
    curves: Curves,
    *,
    label: str = "",
    rules: Sequence[float] = (),
    dots: Sequence[tuple[float, float, bool]] = (),
) -> Plot | None:
    """The curves over their updates, on a log scale where that tells more; None where nothing of them is finite.

    ``rules`` are updates to mark; ``dots`` are published values: update, value, and whether it was met.
    """
    finite = np.concatenate([np.array([]), *(values[np.isfinite(values)] for _, values in curves.values())])
    if not finite.size:
        return None
    log = logarithmic(finite)
    last = max([1.0, *rules, *(float(updates[-1]) for updates, _ in curves.values() if len(updates))])
    low, high, marks = _scale(finite, log)

    def y(values: np.ndarray) -> np.ndarray:
        scaled = np.log10(values) if log else values
        return np.asarray(HEIGHT * (1 - (np.clip(scaled, low, high) - low) / (high - low)))

    lines = []
    for colour, (name, (updates, values)) in enumerate(curves.items()):
        one = thin(updates, values, log, POINTS)
        x = one.updates * (WIDTH / last)
        band = _path(np.r_[x, x[::-1]], np.r_[y(one.high), y(one.low)[::-1]]) + "Z" if one.thinned else ""
        lines.append(Line(name, _path(x, y(one.values)), band, colour % 6))
    shown = [(update, value, met) for update, value, met in dots if isfinite(value) and (value > 0 or not log)]
    return Plot(
        title, label or title, tuple(lines),
        across=tuple(Tick(update / last, f"{update:,}") for update in _whole(last)),
        up=tuple(Tick(1 - ((log10(mark) if log else mark) - low) / (high - low), _number(mark)) for mark in marks),
        log=log, rules=tuple(min(max(rule / last, 0.0), 1.0) for rule in rules),
        dots=tuple((f"{_path(np.array([u * WIDTH / last]), y(np.array([v])))}h0", met) for u, v, met in shown),
    )  # fmt: skip


def _scale(values: np.ndarray, log: bool) -> tuple[float, float, list[float]]:
    """Both ends of the scale, as logarithms where it is one, and its ticks."""
    if log:
        marks = decades.ticks(values[values > 0], MOST)
        return log10(marks[0]), log10(marks[-1]), marks
    low, high = float(values.min()), float(values.max())
    if low == high:
        half = abs(low) / 2 or 0.5
        low, high = low - half, high + half
    step = _step((high - low) / (MOST - 2))
    first, last = floor(low / step), -floor(-high / step)
    return first * step, last * step, [float(k * step) for k in range(first, last + 1)]


def _step(least: float) -> float:
    """1, 2 or 5 of a decade, no smaller than ``least``."""
    power = 10.0 ** floor(log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))


def _whole(last: float) -> list[int]:
    step = max(int(_step(last / (MOST - 1))), 1)
    return list(range(0, int(last) + 1, step))


def _number(value: float) -> str:
    """A tick's label: 0.01, 50, 1e-06."""
    return f"{value:.10g}" if value == 0 or 0.001 <= abs(value) < 1e5 else f"{value:.3g}"


def _path(x: np.ndarray, y: np.ndarray) -> str:
    """The points, joined; tenths of a unit are finer than any screen."""
    points = [f"{one:.1f} {other:.1f}" for one, other in zip(x, y, strict=True)]
    return f"M{'L'.join(points)}" if points else ""
