"""The numbers: one array of a candidate against the same array of a reference. Everything is computed here, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness import where
from harness.run import Parts, Row, Verdict


@dataclass(frozen=True)
class Scale:
    """What errors of one array are measured in; every array has the array's shape."""

    axes: tuple[where.Axis, ...]
    budget: np.ndarray  #: the largest error that rounding explains
    largest: np.ndarray  #: the largest |true entry| of the element's row
    spacing: np.ndarray  #: of ``largest`` at the candidate's dtype: one ulp
    vacuous: bool  #: nothing to judge: a gradient of zeros would pass


def scale(true: np.ndarray, budget: np.ndarray, axes: Sequence[where.Axis], dtype: np.dtype[np.floating]) -> Scale:
    """Measure by truth. A row of zeros is measured in the array's largest entry, an array of zeros in the budget."""
    with np.errstate(over="ignore"):
        largest = np.asarray(_largest_in_row(np.abs(true), axes), dtype=float)
    peak = float(np.max(np.abs(true)))
    largest = np.where(largest > 0, largest, peak if peak > 0 else budget)
    with np.errstate(over="ignore"):
        spacing = np.spacing(np.asarray(largest, dtype)).astype(float)
    vacuous = bool(np.all(np.abs(true) <= budget) and np.isfinite(budget).all())
    return Scale(tuple(axes), budget, largest, spacing, vacuous)


def _largest_in_row(size: np.ndarray, axes: Sequence[where.Axis]) -> np.ndarray:
    """The largest entry of each element's row, or, in a vector, of its gate: the unit of ulp and relative errors."""
    long = [k for k, length in enumerate(size.shape) if length > 1]
    if len(long) > 1:
        return np.broadcast_to(size.max(axis=-1, keepdims=True), size.shape)
    largest = np.full(size.shape, size.max())
    flat, vector = largest.reshape(-1), size.reshape(-1)
    for _, indices in axes[long[0]].blocks if long else ():
        flat[list(indices)] = vector[list(indices)].max()
    return largest


def _delta(candidate: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Candidate − reference, in extended precision; 0 where both are the same infinity."""
    one, two = (np.asarray(values, np.longdouble) for values in (candidate, expected))
    with np.errstate(invalid="ignore"):
        return np.where(one == two, 0, one - two)


def ratios(
    candidate: np.ndarray, expected: np.ndarray, scale: Scale, allowance: float, radius: np.ndarray | float = 0.0
) -> np.ndarray:
    """Error ÷ budget of every element: ∞ for NaN, and 0 where the budget is infinite and nothing can be judged.

    ``allowance`` is how many budgets the two sides may be apart: 1 from truth, 2 from a peer. ``radius`` is how far the
    reference may be from the exact value by its own account; where that is infinite it has none, and the ratio is 0.
    """
    allowed = allowance * scale.budget + radius
    with np.errstate(all="ignore"):
        ratio = np.asarray(np.abs(_delta(candidate, expected)) / allowed, float)
    return np.where(np.isinf(allowed), 0, np.where(np.isnan(ratio), np.inf, ratio))


@dataclass(frozen=True, eq=False)
class Pair:
    """One array of a candidate beside the same array of a reference; ``allowance`` and ``radius`` as for `ratios`."""

    name: str
    reference: str
    candidate: np.ndarray
    expected: np.ndarray
    scale: Scale
    allowance: float
    radius: np.ndarray | float = 0.0
    proven: bool = False  #: whether the radius is

    @cached_property
    def delta(self) -> np.ndarray:
        """Candidate − reference; 0 where a sample has no value, which is not compared."""
        return np.where(np.isfinite(self.radius), _delta(self.candidate, self.expected), 0)

    @cached_property
    def ratio(self) -> np.ndarray:
        """Error ÷ budget."""
        return ratios(self.candidate, self.expected, self.scale, self.allowance, self.radius)


def row(pair: Pair) -> Row:
    """The numbers of a pair."""
    scale, delta, ratio = pair.scale, pair.delta, pair.ratio
    size = np.abs(delta)
    differs = ratio > 1
    at = _argmax(np.where(np.isnan(size), np.inf, size))
    ratio_at = _argmax(ratio)
    verdict: Verdict = "differ" if differs.any() else ("inconclusive" if np.isinf(scale.budget).any() else "agree")
    with np.errstate(all="ignore"):
        return Row(
            array=pair.name,
            reference=pair.reference,
            shape=tuple(delta.shape),
            axes=tuple(axis.name for axis in scale.axes),
            total=float(delta.sum()),
            total_abs=float(size.sum()),
            max_abs=float(size[at]),
            at=at,
            at_words=where.index_words(at, scale.axes),
            candidate=float(pair.candidate[at]),
            expected=float(pair.expected[at]),
            relative=float(np.max(size / scale.largest)),
            ulp=float(np.max(size / scale.spacing)),
            ratio=float(ratio[ratio_at]),
            ratio_at=ratio_at,
            verdict=verdict,
            words=where.describe(differs, scale.axes),
            vacuous=scale.vacuous,
            proven_ulp=_proven_ulp(pair, size),
        )


def _proven_ulp(pair: Pair, size: np.ndarray) -> float:
    """Over all elements that the reference has a value for; NaN where the candidate has none, or nothing is proven."""
    known = np.broadcast_to(np.isfinite(pair.radius), size.shape)
    return float(np.max(((size + pair.radius) / pair.scale.spacing)[known])) if pair.proven else np.nan


def _argmax(values: np.ndarray) -> tuple[int, ...]:
    return tuple(int(k) for k in np.unravel_index(np.argmax(values), values.shape))


def parts(pair: Pair) -> list[Parts]:
    """A pair split into gates, rows, columns, steps and batch entries."""
    found: list[Parts] = []
    errors, worsts = (where.parts(values, pair.scale.axes) for values in (pair.delta, pair.ratio))
    with np.errstate(all="ignore"):
        for error, worst in zip(errors, worsts, strict=True):
            size, peak = np.abs(error.view), worst.view.max(axis=1)
            numbers = (error.view.sum(axis=1), size.sum(axis=1), size.max(axis=1), peak)
            total, total_abs, max_abs, share = (np.asarray(values, float) for values in numbers)
            which = (pair.name, pair.reference, error.kind, error.labels)
            found.append(Parts(*which, total, total_abs, max_abs, share, peak > 1))  # type: ignore[arg-type]
    return found
