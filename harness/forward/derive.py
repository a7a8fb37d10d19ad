"""The derivative of a candidate's own loss by each array it is given, and how far it may be off.

By complex step where that can be trusted, else by differences. In order: the loss and its noise; along one random
direction per array the difference ladder and a complex step, of which `harness.forward.acceptance` says whether they
agree; then every element, or a random share of them where all would take too long; then once more the elements whose
derivative came out as exactly zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from harness.forward.acceptance import Along, Check, check, direction
from harness.forward.calls import Calls
from harness.forward.complex_step import ComplexStep
from harness.forward.elements import COMPLEX, DIFFERENCES, Elements, Progress, rounding
from harness.forward.ladder import SAFETY
from harness.forward.point import Point


class Direction(NamedTuple):
    """The derivative along a vector of unit length, and how far it may be off."""

    vector: np.ndarray
    value: float
    radius: float


class Derived(NamedTuple):
    """What `derive` found out."""

    loss: float  #: at the point, by the real run
    values: dict[str, np.ndarray]  #: dL/d(array), float64, by name; NaN where not evaluated
    radius: dict[str, np.ndarray]  #: how far each may be off; infinite where not evaluated or not known
    method: dict[str, str]  #: "complex step" or "differences", by name
    share: float  #: of the elements that was evaluated
    directions: dict[str, tuple[Direction, ...]]  #: of all elements of an array at once, where the share is below 1
    noise: float  #: of the loss, relative: above 1e-11 single precision is at work inside
    notes: tuple[str, ...]  #: why complex step was not trusted, and what else there is to say


def _no_tick(fraction: float) -> None: ...


def derive(
    plain: Callable[[dict[str, Any], dict[str, Any]], float],
    patched: Callable[[], Callable[[dict[str, Any], dict[str, Any]], complex]],
    params: Mapping[str, Any],
    data: Mapping[str, Any],
    names: Sequence[str],
    seconds: float = 10.0,
    tick: Callable[[float], None] = _no_tick,
) -> Derived:
    """The derivatives of ``plain``'s loss at ``params`` and ``data`` by the entries of these names.

    ``patched`` gives the same loss of complex numbers. All elements together may take about so many ``seconds``;
    ``tick`` is called before every call of the candidate, with the fraction of the work that is done. Raises ValueError
    where the loss is not one number, and whatever the candidate raises at the point itself.
    """
    progress = Progress(tick)
    calls = Calls(params, data, progress)
    with calls.undisturbed():
        generator = np.random.default_rng(20120229)
        point = Point(plain, calls, names, generator)
        if not np.isfinite(point.loss) or not np.isfinite(point.noise):
            return _unknown(point)
        stepped = ComplexStep(patched, calls)
        point.waver = stepped.waver()
        firsts = _along_random(point, generator, seconds)
        largest = max(
            (abs(one.estimate.value) for one in firsts.values() if np.isfinite(one.estimate.error)), default=0.0
        )
        checks = {name: check(point, stepped, name, one, largest, generator) for name, one in firsts.items()}
        elements = Elements(point, stepped, checks, largest, generator, progress, seconds)
        elements.evaluate()
    notes = [] if not point.wavers else ["two calls on the same values give different losses"]
    unchecked = [name for name in names if name not in firsts]
    if unchecked:
        notes.append(f"{', '.join(unchecked)}: not evaluated, for one call takes {calls.each:.2g} s")
    share = elements.share
    directions: dict[str, tuple[Direction, ...]] = {
        name: (_direction(one, checks[name], elements, name),) for name, one in firsts.items()
    }
    return Derived(
        point.loss,
        elements.values,
        elements.radius,
        elements.method,
        share,
        {} if share == 1 else directions,
        point.relative_noise,
        tuple(notes + elements.notes),
    )


def _along_random(point: Point, generator: np.random.Generator, seconds: float) -> dict[str, Along]:
    """The derivative along a random direction by each array, by differences, as far as time allows."""
    end = perf_counter() + seconds
    found = {}
    for name, array in point.arrays.items():
        if perf_counter() < end:
            vector = direction(array.shape, generator)
            found[name] = Along(vector, point.along(name, vector))
    return found


def _direction(along: Along, check: Check, elements: Elements, name: str) -> Direction:
    if elements.method[name] == COMPLEX:
        radius = rounding(check, abs(check.derivative)) + elements.unconfirmed(name)
        return Direction(along.vector, check.derivative, radius)
    return Direction(along.vector, along.estimate.value, SAFETY * along.estimate.error)


def _unknown(point: Point) -> Derived:
    """Nothing, for a loss that is not finite at the point or right beside it."""
    where = "right beside the point" if np.isfinite(point.loss) else f"{point.loss:g}"
    return Derived(
        point.loss,
        {name: np.full(array.shape, np.nan) for name, array in point.arrays.items()},
        {name: np.full(array.shape, np.inf) for name, array in point.arrays.items()},
        dict.fromkeys(point.arrays, DIFFERENCES),
        0.0,
        {},
        np.inf,
        (f"the loss is not finite: {where}",),
    )
