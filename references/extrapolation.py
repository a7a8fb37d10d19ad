"""Extrapolation of difference quotients to a step of zero, and how far it may be off.

A central difference is off by a power series in h². Neville's scheme makes a tableau of extrapolations, each from a
coarser and a finer one; how far it is from these two estimates its error (Ridders, "Accurate computation of F'(x) and
F'(x)F''(x)", 1982), to which the rounding of the losses is added, divided by the smallest step that it was made from.

That holds where the series does: there quotients come closer to each other with every step, at least as h² does. Where
they do not, steps are too large for what the function does between them, and nothing is known.
"""

from __future__ import annotations

import numpy as np


def extrapolated(
    steps: np.ndarray, quotients: np.ndarray, crossed: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The extrapolation with the smallest estimated error, and that error; S are the ``steps``, descending.

    ``crossed`` says which of the ``quotients`` (S …) are no derivatives; ``noise`` is how far rounding may carry a
    loss. The error is infinite where fewer than two quotients are left, or where they do not converge.
    """
    best, error = quotients[-1], np.full(quotients.shape[1:], np.inf, quotients.dtype)
    column = np.where(crossed, np.nan, quotients)  # NaN spoils every extrapolation that it enters
    diverging = _diverging(steps, column, noise)
    for order in range(1, len(steps)):
        factor = ((steps[:-order] / steps[order:]) ** 2).reshape(-1, *[1] * best.ndim)
        finer = column[1:] + (column[1:] - column[:-1]) / (factor - 1)
        apart = np.maximum(np.abs(finer - column[1:]), np.abs(finer - column[:-1]))
        for first, (value, distance) in enumerate(zip(finer, apart, strict=True)):
            estimate = np.where(diverging[first], np.inf, distance + noise / steps[first + order])
            best, error = np.where(estimate < error, value, best), np.where(estimate < error, estimate, error)
        column = finer
    return best, error


def _diverging(steps: np.ndarray, quotients: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """For each step but the last: whether some quotients from the one before it on do not come closer to each other.

    As h² does, they would by a factor of four or more; half of that is asked for, beside what rounding does.
    """
    apart = np.abs(np.diff(quotients, axis=0))
    allowed = 4 * noise / steps[2:].reshape(-1, *[1] * noise.ndim)
    diverging = apart[1:] > apart[:-1] / 2 + allowed  # not where a quotient is NaN
    later: np.ndarray = np.logical_or.accumulate(diverging[::-1])[::-1]
    return np.concatenate([later[:1], later])
