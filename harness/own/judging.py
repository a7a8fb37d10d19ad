"""A candidate judged by its own forward: at ordinary numbers, at large ones, and, where it differs, at shorter data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.candidates.process import CandidateFailed
from harness.findings import NON_FINITE, extended
from harness.judge import judge
from harness.nanwatch.explain import in_lines
from harness.own import draw
from harness.own.beside import companions, limited
from harness.own.explained import explained
from harness.own.point import Point
from harness.own.way import Way
from harness.run import OWN_FORWARD, CaseSummary, Finding, Judgement, Participant

#: Seconds for the derivatives at the ordinary point.
SECONDS = 10.0
#: How often numbers are drawn, until some gradient is not zero.
DRAWS = 4


@dataclass(frozen=True)
class Judged:
    """What a candidate's own forward says of its backward."""

    judgement: Judgement
    companions: tuple[Judgement, ...]
    findings: tuple[Finding, ...]


def judge_own(way: Way, params: Mapping[str, Any], data: Mapping[str, Any], seed: int, alone: bool = False) -> Judged:
    """Judge at the example's arrays, their numbers drawn anew from ``seed``; ``alone`` at ordinary numbers only."""
    try:
        point, kept = _ordinary(way, params, data, seed)
    except CandidateFailed as error:
        return Judged(failed(way.name, str(error)), (), ())
    if not np.isfinite(point.called.loss).all():
        lost = Finding(NON_FINITE, f"the loss is {float(point.called.loss)} at {point.source}")
        return Judged(_no_loss(way, point), (), (extended(lost, in_lines(way.process, point.params, point.data)),))
    known = way.evidence(point)
    judgement = judge(known)
    others, found = ((), []) if alone else companions(way, point)
    if judgement.verdict == "differ":
        found += explained(way, known, judgement, point)
    elif any(one.verdict == "differ" for one in others):
        found += limited(others)
    return Judged(judgement, others, (*kept, *found))


def _ordinary(way: Way, params: Mapping[str, Any], data: Mapping[str, Any], seed: int) -> tuple[Point, list[Finding]]:
    """The point with its numbers drawn anew, or the example's own where the candidate does not take others."""
    try:
        for attempt in range(DRAWS):
            drawn = draw.redrawn(params, data, seed if not attempt else [seed, attempt])
            point = way.point(*drawn, f"seed {seed}", SECONDS)
            if not np.isfinite(point.called.loss).all():
                reason = f"its loss is {float(point.called.loss)}"
                break
            if not _flat(point):
                break
    except CandidateFailed as error:
        if error.ended:  # other numbers would not keep it alive, and it may have taken all of its time
            raise
        reason = str(error)
    else:
        if np.isfinite(point.called.loss).all():
            return point, []
    point = way.point(params, data, "its own example", SECONDS)
    words = (
        f"the candidate runs on its example's own numbers only (drawn anew: {reason}): what those hide cannot be seen"
    )
    return point, [Finding("blind", words)]


def _flat(point: Point) -> bool:
    """Whether nothing moves the loss, and no gradient says otherwise: all units are dead, or all margins are kept."""
    arrays = (*point.called.grads.values(), *map(np.nan_to_num, point.derived.values.values()))
    return not any(array.any() for array in arrays)


def failed(name: str, reason: str) -> Judgement:
    """The judgement of a candidate that gave no answer."""
    summary = CaseSummary(OWN_FORWARD, "", "", "", None, None, {}, "float64", "its example", "")
    part = Participant(name, "candidate", "error", reason)
    truth = Participant(OWN_FORWARD, "truth", "not run", "the candidate failed")
    return Judgement(summary, name, OWN_FORWARD, (part, truth), (), (), (), (), "error", f"{name} failed: {reason}")


def _no_loss(way: Way, point: Point) -> Judgement:
    """Nothing can be differentiated where the loss is no number."""
    known = way.evidence(point)
    reason = f"its loss is {float(point.called.loss)}, which has no derivative"
    parts = tuple(replace(p, status="not run", reason=reason) if p.role == "truth" else p for p in known.participants)
    return judge(replace(known, truth=None, budgets=None, participants=parts))
