"""Adjoints step by step, drawn: a panel each for da, dh, dc, on one log scale, with what rounding explains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.pictured import Adjoint, Adjoints

from .decades import ticks
from .panels import COLOURS, POWERS, clean, cut, folded
from .vega import INK

if TYPE_CHECKING:
    import altair

    from .panels import Panel

WIDTH, HEIGHT, BETWEEN = 728, 150, 24
LINE, MOST_LINES = 118, 6  # characters, and how many such lines
MEANING = "worst error ÷ largest true entry, on a log scale; dashed: what rounding explains; filled: more than that"
NAME = 16
#: A second cue beside colour, for lines that cross.
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
MOST = 6


def chart(told: Adjoints) -> altair.HConcatChart | None:
    """All quantities side by side; None where nothing of any is known."""
    import altair

    known = [one for one in told.quantities if np.any(~np.isnan(one.error))]
    if not known:
        return None
    marks = _marks(known)
    width = (WIDTH - BETWEEN * (len(known) - 1)) // len(known)
    panels = [_panel(one, marks, width, first=k == 0) for k, one in enumerate(known)]
    lines = [line for one in (MEANING, told.case, *told.notes) for line in folded(one, LINE)]
    title = altair.TitleParams(
        "Adjoints, step by step", subtitle=lines[:MOST_LINES], fontSize=13, subtitleFontSize=11, offset=26,
    )  # fmt: skip
    made: altair.HConcatChart = altair.hconcat(*panels, title=title, spacing=BETWEEN).resolve_scale(
        color="independent", shape="independent"
    )
    return made


def _marks(known: list[Adjoint]) -> list[float]:
    """The ticks of the scale that all share, from below the smallest value to above the largest."""
    values = np.concatenate([part.ravel() for one in known for part in (one.error, one.budget)])
    drawable = values[np.isfinite(values) & (values > 0)]
    return ticks(drawable if drawable.size else np.array([1e-16]), MOST)


def _panel(one: Adjoint, marks: list[float], width: int, first: bool) -> Panel:
    """One quantity: a line for each label, its budget dashed, and what is beyond it filled."""
    import altair

    T = one.error.shape[1]
    names = [cut(clean(label), NAME) or clean(one.quantity) for label in one.labels]
    names = [name if names.index(name) == k else f"{name} ({k})" for k, name in enumerate(names)]
    rows = list(_rows(one, names, marks))
    x = altair.X(
        "step:Q", title="step", scale=altair.Scale(domain=[0, max(T - 1, 1)], nice=False),
        axis=altair.Axis(format="d", tickCount=min(6, max(T - 1, 1)), tickMinStep=1, grid=False),
    )  # fmt: skip
    scale = altair.Scale(type="log", domain=[marks[0], marks[-1]], nice=False)
    axis = altair.Axis(values=marks, labelExpr=POWERS, labels=first)

    def y(name: str) -> altair.Y:
        return altair.Y(f"{name}:Q", title=None, axis=axis, scale=scale)

    several = len(names) > 1
    colours = [COLOURS[k % len(COLOURS)] if several else INK for k in range(len(names))]
    legend = altair.Legend(direction="horizontal", orient="bottom", symbolType="circle") if several else None
    colour = altair.Color("label:N", scale=altair.Scale(domain=names, range=colours), legend=legend, sort=names)
    shapes = altair.Scale(domain=names, range=[SHAPES[k % len(SHAPES)] for k in range(len(names))])
    shape = altair.Shape("label:N", scale=shapes, legend=legend, sort=names)
    base = altair.Chart(altair.InlineData(values=rows))
    layers = [
        base.mark_line(strokeWidth=1.2, strokeDash=[4, 3], opacity=0.8, aria=False).encode(
            x=x, y=y("budget"), color=colour
        ),
        base.mark_line(strokeWidth=1.8, aria=False).encode(x=x, y=y("error"), color=colour),
        base.mark_point(size=34, filled=False, strokeWidth=1.4, fillOpacity=1, opacity=1, aria=False).encode(
            x=x, y=y("error"), color=colour, shape=shape, fill=altair.Fill("fill:N", scale=None)
        ),
    ]
    named = altair.Chart(altair.InlineData(values=[{"text": cut(clean(one.quantity), NAME)}])).mark_text(
        align="left", fontSize=13, fontWeight="bold", color=INK
    )
    layers.append(named.encode(x=altair.value(0), y=altair.value(-12), text="text:N"))
    return altair.layer(*layers).properties(width=width, height=HEIGHT)


def _rows(one: Adjoint, names: list[str], marks: list[float]) -> Iterator[dict[str, Any]]:
    """A row per label and step that is known; exactly right stands on the floor, what is not finite at the top."""
    for name, errors, budgets in zip(names, one.error, one.budget, strict=True):
        for step, (error, budget) in enumerate(zip(errors, budgets, strict=True)):
            beyond = error > budget
            yield {
                "label": name, "step": step, "error": _shown(error, marks), "budget": _shown(budget, marks),
                "fill": INK if beyond else "white",
            }  # fmt: skip


def _shown(value: float, marks: list[float]) -> float | None:
    return None if np.isnan(value) else float(min(max(value, marks[0]), marks[-1]))
