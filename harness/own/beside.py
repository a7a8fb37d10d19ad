"""A candidate beside its ordinary numbers: with large ones, where limits inside the backward and overflow show."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from harness.candidates.process import CandidateFailed
from harness.candidates.structure import as_array
from harness.findings import NON_FINITE, extended
from harness.judge import judge
from harness.nanwatch.explain import in_lines
from harness.own import draw
from harness.own.point import Point, largest_of
from harness.own.way import Way
from harness.run import Finding, Judgement

#: Seconds for the derivatives at each point.
SECONDS = 3.0
#: Powers of two: where adjoints meet limits, where cotangents do, and where exponentials overflow.
LARGE, LARGE_DATA, HUGE = 2.0**4, 2.0**10, 2.0**11


def companions(way: Way, point: Point) -> tuple[tuple[Judgement, ...], list[Finding]]:
    """The same with large numbers. What says nothing there, as it fails or is chaotic, is left out."""
    places: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
    places = {f"weights × {LARGE:g}": (draw.multiplied(point.params, LARGE), point.data)}
    for name in _driving(way, point):
        some = {**point.data, **draw.multiplied({name: point.data[name]}, LARGE_DATA)}
        places[f"{name} × {LARGE_DATA:g}"] = (point.params, some)
    found, findings = [], []
    for source, (some_params, some_data) in places.items():
        try:
            there = way.point(some_params, some_data, source, SECONDS)
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
    ordinary = largest_of(point.called.grads.values())
    for name, value in point.data.items():
        if as_array(value) is None:
            continue
        data = {**point.data, **draw.multiplied({name: value}, LARGE_DATA)}
        with suppress(CandidateFailed):
            called = way.process.call(dict(point.params), data, times=1)
            found += [name] if largest_of(called.grads.values()) > 2 * ordinary else []
    return found


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
    text = f"at {source} {', '.join(names)} {'is' if len(names) == 1 else 'are'} not finite"
    why = in_lines(way.process, draw.multiplied(point.params, HUGE), point.data)
    guess = "exponentials overflow; a softmax needs its largest entry subtracted first"
    found = Finding(NON_FINITE, text if why else f"{text}: {guess}", names)
    return [extended(found, why)]


def limited(companions: tuple[Judgement, ...]) -> list[Finding]:
    """What it means that a gradient is right at ordinary numbers only."""
    wrong = [one for one in companions if one.verdict == "differ"]
    arrays = tuple(dict.fromkeys(row.array for one in wrong for row in one.rows if row.verdict == "differ"))
    places = " and ".join(one.case.source.split(" · ")[0] for one in wrong)
    text = (
        f"right at ordinary numbers, and wrong at {places}: "
        "a limit, such as clipping, inside the backward pass, or inside the forward pass and not in the backward"
    )
    return [Finding("clipped", text, arrays)]
