"""Difference quotients at falling steps, extrapolated; the extrapolation with the smallest estimated error is kept.

A central difference is off by a power series in h². From three steps Richardson's scheme removes two of its terms, R2
beside R1; how far these are from each other, and the loss's noise, which R2 holds some 6/h times, estimate the error.
Steps stand in no simple ratio to each other, for losses that were rounded would repeat themselves at such. They are
of use only where that series holds:

- quotients come closer to each other as h² does;
- f(h) − 2 f(0) + f(−h) shrinks as h² does, and not as h, as it would at a kink, whose quotients converge, to a
  derivative that does not exist;
- the next smaller step says the same: what passed by chance does not pass twice.

Steps that are too large for a function that bends or has a kink nearby are passed over that way; where none is left
nothing is known, and the error is infinite.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

#: the three steps, relative to the first
_THREE = np.array([1.0, 0.557, 0.283])
#: first steps, each the last that the one before it reaches; and for losses of little precision
FINE = tuple(np.multiply.accumulate([0.0083] + 5 * [_THREE[2]]).tolist())
COARSE = tuple(np.multiply.accumulate([0.23] + 5 * [_THREE[1]]).tolist())
#: how many times R2 holds the loss's noise, for a step of 1
_HELD = 6.0
#: an estimate times this was never exceeded by the true error
SAFETY = 10.0


class Estimate(NamedTuple):
    """A derivative, and how far it may be off by its own estimate: `SAFETY` times that is a bound."""

    value: float
    error: float  #: infinite where nothing is known


def ladder(
    loss: Callable[[float], float],
    middle: float,
    noise: float,
    steps: tuple[float, ...] = FINE,
    scale: float = 1.0,
    enough: float = 0.0,
) -> Estimate:
    """The derivative at 0 of ``loss``, which is ``middle`` there.

    ``noise`` is how far rounding may carry a loss; steps are multiples of ``scale``, a power of two. No more of them
    are taken than an estimate of ``enough`` needs, nor any after those at which noise is most of the error, for smaller
    ones have more of it.
    """
    found: list[Estimate | None] = []
    best = Estimate(np.nan, np.inf)
    cached = cache(loss)
    for step in steps:
        found.append(_at(cached, middle, noise, step * scale))
        best = min(best, _confirmed(found), key=lambda one: one.error)
        if best.error <= max(enough, 2 * _HELD * noise / (step * scale)):
            break
    return best


def _confirmed(found: list[Estimate | None]) -> Estimate:
    """The better of the last two estimates, which is known no better than they agree."""
    for one, other in list(pairwise(found))[-1:]:
        if one and other and (apart := abs(one.value - other.value)) <= SAFETY * (one.error + other.error):
            better = min(one, other, key=lambda estimate: estimate.error)
            return Estimate(better.value, max(better.error, apart))
    return Estimate(np.nan, np.inf)


def _at(loss: Callable[[float], float], middle: float, noise: float, step: float) -> Estimate | None:
    """R2 from a step and two smaller ones; None where the series does not hold."""
    h = step * _THREE
    up, down = (np.array([loss(float(sign * one)) for one in h]) for sign in (1, -1))
    if not (np.isfinite(up).all() and np.isfinite(down).all()):
        return None
    noise = max(noise, float(np.spacing(np.abs([up, down]).max())))
    q = (up - down) / (2 * h)
    bend = np.abs(up - 2 * middle + down)
    closer, flatter = 1.6 * (h[1] ** 2 - h[2] ** 2) / (h[0] ** 2 - h[1] ** 2), 1.4 * (h[2] / h[1]) ** 2
    if abs(q[2] - q[1]) > closer * abs(q[1] - q[0]) + 8 * noise / step or bend[2] > flatter * bend[1] + 4 * noise:
        return None
    r1 = q[1:] - (q[1:] - q[:-1]) / (1 - (h[:-1] / h[1:]) ** 2)
    r2 = r1[1] - (r1[1] - r1[0]) / (1 - (h[0] / h[2]) ** 2)
    return Estimate(float(r2), float(abs(r2 - r1[1]) + _HELD * noise / step))
