"""Several trainees in one table, a column each: the same quantities at the same updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.trained import Drift, Lockstep, Series, Trained, Trainee

from . import numbers, training
from .words import marked

#: Of a curve, side by side: the updates whose values are told, beside the first and the last.
LANDMARKS = (10, 100, 1000, 10_000, 100_000)


def beside(trained: Trained) -> training.Table | None:
    """Several trainees side by side, a column each; None for a single one."""
    if len(trained.trainees) < 2:
        return None
    rows = [
        ("verdict", *(_verdict(one) for one in trained.trainees)),
        ("updates", *(f"{one.done} of {one.asked}" for one in trained.trainees)),
        *_landmarks(trained.trainees),
        *_row("error ÷ budget, worst", [_worst_ratio(one.lockstep) for one in trained.trainees]),
        *_row("drift at the end", [_last(one.drift) for one in trained.trainees]),
        ("seconds", *(f"{one.seconds:.1f}" for one in trained.trainees)),
    ]
    return training.Table("side by side", ("", *(one.title for one in trained.trainees)), rows)


def _verdict(trainee: Trainee) -> str:
    compared = trainee.lockstep is not None or trainee.verdict != "agree"
    return marked(trainee.verdict) if compared else f"{training.UNCOMPARED} not compared"


def _landmarks(trainees: Sequence[Trainee]) -> Iterator[tuple[str, ...]]:
    """The curve that each begins with, at the same updates; a row for each kind of curve there is."""
    for name in dict.fromkeys(one.series[0].name for one in trainees if one.series):
        curves = [one.curve(name) for one in trainees]
        last = max((int(curve.updates[-1]) for curve in curves if curve is not None and len(curve.updates)), default=-1)
        for update in sorted({0, *(mark for mark in LANDMARKS if mark < last), last} - {-1}):
            yield from _row(f"{name} at update {update}", [_value_at(curve, update) for curve in curves])
        yield from _row(f"{name}, smallest", [_smallest(curve) for curve in curves])


def _row(name: str, cells: list[str]) -> Iterator[tuple[str, ...]]:
    """A row, where there is something to say in it."""
    if any(cells):
        yield (name, *(cell or training.UNCOMPARED for cell in cells))


def _value_at(curve: Series | None, update: int) -> str:
    if curve is None:
        return ""
    (at,) = np.nonzero(curve.updates == update)
    return numbers.amount(float(curve.values[at[0]])) if len(at) else ""


def _smallest(curve: Series | None) -> str:
    finite = np.array([]) if curve is None else curve.values[np.isfinite(curve.values)]
    return numbers.amount(float(finite.min())) if finite.size else ""


def _worst_ratio(lockstep: Lockstep | None) -> str:
    return "" if lockstep is None else numbers.ratio(lockstep.worst_ratio)


def _last(drift: Drift | None) -> str:
    return numbers.amount(float(drift.distance[-1])) if drift is not None and len(drift.distance) else ""
