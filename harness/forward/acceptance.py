"""Whether a complex step may be trusted for an array. A wrong derivative is the worst that can come out of this.

Along one random direction all elements of the array take part, so whatever drops an imaginary part anywhere shows:
the difference ladder, which knows nothing of complex numbers, must agree within its own error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from harness.forward import rough
from harness.forward.complex_step import ComplexStep
from harness.forward.ladder import SAFETY, Estimate
from harness.forward.point import Point

#: how far the complex run's loss may be from the real one, relative to its size; with single precision inside, the next
_LOSS, _LOSS_COARSE = 1e-9, 1e-6
#: a ladder that is off by less than this, relative to the derivative, has seen it
_SEEN, _SEEN_COARSE = 1e-6, 2e-3
#: what a ladder may be off by beside smaller derivatives, relative to the largest of all arrays' or to the loss
_NEGLIGIBLE, _NEGLIGIBLE_COARSE = 1e-7, 2e-4
#: directions that are tried, where the first happens to be one along which the loss hardly changes
_ATTEMPTS = 3
#: runs at values, and with results, that are a rounding away
_SAMPLES = 3


class Along(NamedTuple):
    """The derivative by an array along one vector of unit length, by differences."""

    vector: np.ndarray
    estimate: Estimate


class Check(NamedTuple):
    """What came of checking one array."""

    why: str  #: complex step is not trusted; empty where it is
    derivative: float = np.nan  #: by complex step along the vector
    unseen: float = 0.0  #: what differences could not see: part of the radius
    spread: float = 0.0  #: how much a derivative changes as all arrays and results change by a rounding
    resolution: float = 0.0  #: what of a lost imaginary part differences would not have seen
    lost: bool = False  #: differences show that an imaginary part is dropped silently


def direction(shape: tuple[int, ...], generator: np.random.Generator, among: np.ndarray | None = None) -> np.ndarray:
    """A random vector of unit length; ``among`` says which elements may take part."""
    vector = generator.standard_normal(shape)
    if among is not None:
        vector = np.where(among, vector, 0.0)
    return vector / (np.linalg.norm(vector) or 1.0)


def check(
    point: Point,
    stepped: ComplexStep,
    name: str,
    first: Along,
    largest: float,
    generator: np.random.Generator,
) -> Check:
    """Whether complex step is right by the array of that name, ``first`` being known of it already.

    ``largest`` is the largest derivative along such a vector of any array.
    """
    along, seen = first, _SEEN_COARSE if point.coarse else _SEEN
    for attempt in range(_ATTEMPTS):
        if attempt:
            vector = direction(first.vector.shape, generator)
            along = Along(vector, point.along(name, vector))
        run = stepped.along(name, along.vector)
        why = run.why or departs(run.loss, point)
        if why:
            return Check(why)
        why = disagrees(run.derivative, along.estimate)
        if why:
            return Check(why, lost=bool(np.isfinite(along.estimate.error)))
        off = SAFETY * along.estimate.error
        share = off * np.sqrt(first.vector.size)  # of one element among many, a direction shows only a part
        if off <= seen * abs(run.derivative):
            return _accepted(point, stepped, name, first, Check("", resolution=share), generator)
    if off <= (_NEGLIGIBLE_COARSE if point.coarse else _NEGLIGIBLE) * max(largest, point.size):
        return _accepted(point, stepped, name, first, Check("", unseen=share, resolution=share), generator)
    return Check("differences see too little to confirm it")


def disagrees(derivative: float, estimate: Estimate) -> str:
    """In words, where a derivative by complex step is not the one by differences; empty where it is."""
    if not np.isfinite(estimate.error):
        return "differences do not converge, so nothing confirms it"
    gap = abs(derivative - estimate.value)
    if gap <= SAFETY * estimate.error + 1e-12 * abs(derivative):
        return ""
    return f"imaginary part lost: {derivative:.6g} along a random direction, {estimate.value:.6g} by differences"


def departs(loss: float, point: Point) -> str:
    """In words, where a complex run's loss is not the real one; empty where it is."""
    allowed = (_LOSS_COARSE if point.coarse else _LOSS) * point.size + SAFETY * point.unsure
    if abs(loss - point.loss) <= allowed:
        return ""
    return f"its loss is {loss:.12g}, the real one {point.loss:.12g}"


def _accepted(
    point: Point, stepped: ComplexStep, name: str, along: Along, check: Check, generator: np.random.Generator
) -> Check:
    """With the derivative along the vector, and how much it changes as every array and result does by a rounding.

    Where a forward cancels, ln(1 − p) at a p near 1 say, its own derivative has few digits, and a backward may have
    more.
    """
    derivatives = [stepped.along(name, along.vector).derivative]
    for seed in range(_SAMPLES):
        jitter: Mapping[str, np.ndarray] = {
            key: array * (1 + np.finfo(float).eps * generator.integers(-1, 2, array.shape) + 0j)
            for key, array in point.arrays.items()
        }
        with rough.drawn(seed):
            derivatives.append(stepped.along(name, along.vector, jitter).derivative)
    if not np.isfinite(derivatives).all():
        return Check("it fails at values that are a rounding away")
    return check._replace(derivative=derivatives[0], spread=float(np.ptp(derivatives)))
