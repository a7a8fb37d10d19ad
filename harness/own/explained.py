"""What a gradient is that differs from its own forward's, as far as numbers tell: clipped, of globals, truncated."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from harness.candidates.process import CandidateFailed
from harness.errors import BadInput
from harness.judge import Evidence, judge
from harness.own.clipped import clipped
from harness.own.lengths import Reach, reach
from harness.own.point import Point
from harness.own.way import Way
from harness.run import Finding, Judgement

#: Seconds for the derivatives at each cut.
SECONDS = 0.5


def explained(way: Way, known: Evidence, judgement: Judgement, point: Point) -> list[Finding]:
    """The findings; none where it is scaled or impure, which says enough."""
    assert known.candidate is not None and known.truth is not None and known.budgets is not None
    if any(finding.name in ("scaled", "impure") for finding in judgement.findings):
        return []
    found = [*clipped(known.candidate, known.truth, known.budgets), *_global(way, point, judgement)]
    return found or _truncated(way, point, judgement)


def _global(way: Way, point: Point, judgement: Judgement) -> list[Finding]:
    """Whether forward reads weights from elsewhere than its arguments."""
    wrong = [row.array for row in judgement.rows if row.verdict == "differ" and row.array in point.params]
    still = [name for name in wrong if not np.nan_to_num(point.derived.values[name]).any()]
    if not still:
        return []
    read: list[str] = []
    with suppress(CandidateFailed):
        read = [name for name in way.process.reads_globals(dict(point.params), dict(point.data)) if name in still]
    text = "the loss does not depend on {0}, of which a gradient comes back: its file has a global of the shape of {0}"
    return [Finding("impure", text.format(name), (name,)) for name in read]


def _truncated(way: Way, point: Point, judgement: Judgement) -> list[Finding]:
    """Up to which length of the data the gradient is right, if up to any: seen by two of the wrong arrays."""
    wrong = [row.array for row in judgement.rows if row.verdict == "differ" and row.array in point.called.grads][:2]

    def right(data: dict[str, Any]) -> bool | None:
        try:
            there = way.point(point.params, data, "cut", SECONDS, wrong)
            known = way.evidence(there)
        except (CandidateFailed, BadInput):  # this axis cannot be shorter, or not by the layout
            return None
        verdict = judge(known).verdict if np.isfinite(there.called.loss).all() else "inconclusive"
        return verdict == "agree" if verdict in ("agree", "differ") else None

    found = reach(point.data, right) if wrong else None
    return [] if found is None else [_told(found)]


def _told(found: Reach) -> Finding:
    where = f"{found.axes} {'has' if ' and ' not in found.axes else 'have'} length"
    if found.right > 1:
        return Finding("truncated", f"exact while {where} {found.right} or less, wrong beyond")
    return Finding(
        "one step", f"exact while {where} 1, wrong from 2 on: what is carried or summed along it is missing or wrong"
    )
