"""A candidate judged by its own forward: at ordinary numbers, at large ones, and, where it differs, at shorter data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from harness import where
from harness.candidates.process import CandidateFailed, Process
from harness.candidates.structure import as_array
from harness.errors import BadInput
from harness.judge import Evidence, judge
from harness.own import draw
from harness.own.clipped import clipped
from harness.own.evidence import evidence
from harness.own.lengths import Reach, reach, shape
from harness.own.point import Point, measured
from harness.run import OWN_FORWARD, CaseSummary, Finding, Judgement, Participant

#: Seconds for the derivatives at the ordinary point, at each other one, and at each cut.
SECONDS, BESIDE, CUT = 10.0, 3.0, 0.5
#: Powers of two: where adjoints meet limits, where cotangents do, and where exponentials overflow.
LARGE, LARGE_DATA, HUGE = 2.0**4, 2.0**10, 2.0**11

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Way:
    """What stays the same from point to point."""

    process: Process
    name: str  #: the candidate's
    factor: Callable[[Mapping[str, Any]], float]  #: of what its gradient is declared to be, at the given data
    axes: Callable[[Mapping[str, Any]], Mapping[str, tuple[where.Axis, ...]]]  #: what a layout knows of its arrays
    progress: Progress

    def point(
        self,
        params: Mapping[str, Any],
        data: Mapping[str, Any],
        source: str,
        seconds: float,
        only: Collection[str] = (),
    ) -> Point:
        """What the candidate does at one place, of all its gradients or ``only`` some. Raises CandidateFailed."""

        def shown(fraction: float) -> None:
            self.progress(f"own forward, {source}", fraction)

        return measured(self.process, params, data, source, seconds, shown, only)

    def evidence(self, point: Point, ordinary: Point | None = None) -> Evidence:
        """What is known there, beside an ordinary point where it is none itself."""
        axes = self.axes(point.entries)
        return evidence(point, self.name, self.factor(point.entries), axes, lengths(point.entries), ordinary)


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
        return Judged(_no_loss(way, point), (), ())
    known = way.evidence(point)
    judgement = judge(known)
    companions, beside = ((), []) if alone else _companions(way, point)
    if judgement.verdict == "differ":
        beside += _explained(way, known, judgement, point)
    elif any(one.verdict == "differ" for one in companions):
        beside += _limited(judgement, companions)
    return Judged(judgement, companions, (*kept, *beside))


def _ordinary(way: Way, params: Mapping[str, Any], data: Mapping[str, Any], seed: int) -> tuple[Point, list[Finding]]:
    """The point with its numbers drawn anew, or the example's own where the candidate does not take others."""
    drawn = draw.redrawn(params, data, seed)
    try:
        point = way.point(*drawn, f"seed {seed}", SECONDS)
    except CandidateFailed as error:
        if error.ended:  # other numbers would not keep it alive, and it may have taken all of its time
            raise
        reason = str(error)
    else:
        if np.isfinite(point.called.loss).all():
            return point, []
        reason = f"its loss is {float(point.called.loss)}"
    point = way.point(params, data, "its own example", SECONDS)
    words = (
        f"the candidate runs on its example's own numbers only (drawn anew: {reason}): what those hide cannot be seen"
    )
    return point, [Finding("blind", words)]


def _companions(way: Way, point: Point) -> tuple[tuple[Judgement, ...], list[Finding]]:
    """The same with large numbers. What says nothing there, as it fails or is chaotic, is left out."""
    places: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
    places = {f"weights × {LARGE:g}": (draw.multiplied(point.params, LARGE), point.data)}
    for name in _driving(way, point):
        some = {**point.data, **draw.multiplied({name: point.data[name]}, LARGE_DATA)}
        places[f"{name} × {LARGE_DATA:g}"] = (point.params, some)
    found, findings = [], []
    for source, (some_params, some_data) in places.items():
        try:
            there = way.point(some_params, some_data, source, BESIDE)
        except CandidateFailed as error:
            findings.append(Finding("not run", f"the candidate does not run at {source}: {error}"))
            continue
        if np.isfinite(there.called.loss).all():
            judgement = judge(way.evidence(there, point))
            found += [judgement] if judgement.verdict in ("agree", "differ") else []
    return tuple(found), findings + _overflowing(way, point)


def _driving(way: Way, point: Point) -> list[str]:
    """The data with which gradients grow, as they do with cotangents and targets, and not with inputs that saturate.

    A limit lets them grow by little.
    """
    found = []
    ordinary = _largest(point.called.grads)
    for name, value in point.data.items():
        if as_array(value) is None:
            continue
        data = {**point.data, **draw.multiplied({name: value}, LARGE_DATA)}
        with suppress(CandidateFailed):
            found += (
                [name] if _largest(way.process.call(dict(point.params), data, times=1).grads) > 2 * ordinary else []
            )
    return found


def _largest(grads: Mapping[str, np.ndarray]) -> float:
    return max((float(np.abs(grad).max()) for grad in grads.values() if grad.size), default=0.0)


def _overflowing(way: Way, point: Point) -> list[Finding]:
    """Whether gradients stop being numbers at numbers that a float holds with ease."""
    source = f"weights × {HUGE:g}"
    try:
        called = way.process.call(draw.multiplied(point.params, HUGE), dict(point.data), times=1)
    except CandidateFailed:
        return []
    names = tuple(name for name, grad in called.grads.items() if not np.isfinite(grad).all())
    if not names:
        return []
    text = (
        f"at {source} {', '.join(names)} {'is' if len(names) == 1 else 'are'} not finite: "
        "exponentials overflow; a softmax needs its largest entry subtracted first"
    )
    return [Finding("non-finite", text, names)]


def _explained(way: Way, known: Evidence, judgement: Judgement, point: Point) -> list[Finding]:
    """What a gradient that differs is, as far as the numbers tell."""
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
            there = way.point(point.params, data, "cut", CUT, wrong)
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


def _limited(judgement: Judgement, companions: tuple[Judgement, ...]) -> list[Finding]:
    wrong = [one for one in companions if one.verdict == "differ"]
    arrays = tuple(dict.fromkeys(row.array for one in wrong for row in one.rows if row.verdict == "differ"))
    places = " and ".join(one.case.source.split(" · ")[0] for one in wrong)
    text = f"right at ordinary numbers, and wrong at {places}: a limit, such as clipping, inside the backward pass"
    return [Finding("clipped", text, arrays)]


def lengths(entries: Mapping[str, Any]) -> dict[str, int]:
    """The lengths of axes, and products of two, by which a mean or a sum could be off, in words."""
    found: dict[int, str] = {}
    for name, value in entries.items():
        for axis, size in enumerate(shape(value)):
            if size > 2:
                found.setdefault(size, f"the length of {name}" + (f", axis {axis}" if len(shape(value)) > 1 else ""))
    for one, two in combinations(list(found), 2):
        found.setdefault(one * two, f"{one} · {two}: {found[one]}, times {found[two]}")
    return {words: size for size, words in found.items()}


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
