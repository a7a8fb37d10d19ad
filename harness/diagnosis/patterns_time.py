"""Patterns over time: which steps' shares a wrong sum has, and where in time and in which gates an adjoint is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.diagnosis.patterns import at_steps
from harness.diagnosis.patterns_rules import EQUAL, number, same

_LEAST = 3  #: entries that a pattern must explain
_SURE = 1e-7  #: a weight this near to a whole number is one
_SHOWS = 1e-6  #: a relative error that is no rounding
_GROWS = 3.0  #: by how much an error must grow from one end to the other to be said to grow


def over_time(
    wrong: np.ndarray, shares: np.ndarray, axes: tuple[str, ...], gates: tuple[str, ...] = (), equal: float = EQUAL
) -> str:
    """Which steps' shares a wrong sum over time has: "the last step's share only", "mean for sum: each step ÷ T".

    ``shares`` (T, …): what each step adds to the right sum; ``axes`` are its axes, T first. The weights of the shares
    in ``wrong`` are solved for, all gates alike or, where that fails, each by itself. Empty where the sum is right,
    where no weights give it to ``equal``, and where there are too few entries to tell.
    """
    wrong, shares = np.asarray(wrong, float), np.asarray(shares, float)
    if same(wrong, shares.sum(axis=0), equal):
        return ""
    text = _described(wrong, shares, equal)
    at = axes[1:].index("A") if "A" in axes[1:] else None
    if text or at is None or len(gates) < 2 or wrong.shape[at] % len(gates):
        return text
    texts: dict[str, str] = {}
    parts = zip(gates, np.split(wrong, len(gates), at), np.split(shares, len(gates), at + 1), strict=True)
    for gate, own, share in parts:
        if not same(own, share.sum(axis=0), equal):
            texts[gate] = _described(own, share, equal)
    found = set(texts.values())
    if len(found) != 1 or "" in found:
        return ""
    some = "every gate" if len(texts) == len(gates) else f"gate{'s' * (len(texts) > 1)} {', '.join(texts)} alone"
    return f"{found.pop()}, {some}"


def _described(wrong: np.ndarray, shares: np.ndarray, equal: float) -> str:
    known = ~np.isnan(wrong)
    rows, own = shares[:, known].T, wrong[known]  # entries T, entries
    T = len(shares)
    for weights in _plain(T):
        if len(own) >= _LEAST and same(own, rows @ weights, equal):
            return _weighted(weights)
    if len(own) < T + 2 or np.linalg.matrix_rank(rows) < T:
        return ""
    weights = np.linalg.lstsq(rows, own, rcond=None)[0]
    return _weighted(weights) if same(own, rows @ weights, equal) else ""


def _plain(T: int) -> Iterator[np.ndarray]:
    """Weights that need no solving for, and so fewer entries: one end's steps alone, all but it, a running total."""
    for k in range(1, T):
        for kept in (np.arange(T) >= T - k, np.arange(T) < k):
            yield kept.astype(float)
    yield from (np.arange(1.0, T + 1), np.arange(T, 0.0, -1))


def _weighted(weights: np.ndarray) -> str:
    """What weights of the steps' shares mean."""
    T = len(weights)
    ratios = weights[1:] / np.where(weights[:-1] == 0, np.nan, weights[:-1])
    if T > 2 and abs(ratios[0] - 1) > _SURE and np.allclose(ratios, ratios[0], rtol=_SURE, atol=0):
        return f"each step's share has {number(ratios[0])} times the weight of the step before"
    whole = np.round(weights)
    if np.abs(weights - whole).max() <= _SURE * max(1, np.abs(weights).max()):
        return _counted(whole.astype(int), T)
    if np.allclose(weights, 1 / T, rtol=_SURE, atol=0):
        return "mean for sum: each step's share ÷ T"
    if np.allclose(weights, weights[0], rtol=_SURE, atol=0):
        return f"constant ratio {number(weights[0])}"
    return f"the steps' shares have the weights {', '.join(f'{w:.3g}' for w in weights)}".replace("-", "−")


def _counted(weights: np.ndarray, T: int) -> str:
    up = np.arange(1, T + 1)
    if not weights.any():
        return "exactly zero"
    if T > 1 and ((weights == up).all() or (weights == up[::-1]).all()):
        often = "last" if weights[-1] > 1 else "first"
        return f"a running total is summed: the {often} step's share counts {T} times"
    if (weights == weights[0]).all():
        return f"constant ratio {weights[0]}".replace("-", "−")
    if set(weights) == {0, 1}:
        return _some(list(np.flatnonzero(weights)), T)
    return f"the steps' shares have the weights {', '.join(map(str, weights))}".replace("-", "−")


def _some(steps: Sequence[int], T: int) -> str:
    if list(steps) == [T - 1]:
        return "the last step's share only"
    if list(steps) == [0]:
        return "the first step's share only"
    if list(steps) == list(range(T - len(steps), T)):
        left_out = "the first step's share is left out" if len(steps) == T - 1 else ""
        return left_out or f"truncated: the last {len(steps)} steps' shares only"
    if list(steps) == list(range(T - 1)):
        return "the last step's share is left out"
    return f"share{'s' * (len(steps) > 1)} {at_steps([int(t) for t in steps], T).removesuffix(' alone')} only"


def residual(error: np.ndarray, gates: Sequence[str] = ()) -> str:
    """Where an error is, in words: "at all steps but the last, growing backwards in time; gates i, g alone".

    ``error`` (gates, T): relative errors; NaN where nothing is known. Empty where none is more than a rounding.
    """
    error = np.atleast_2d(np.asarray(error, float))
    shows = np.nan_to_num(error, nan=0.0, posinf=np.inf) > _SHOWS
    if not shows.any():
        return ""
    steps = [int(t) for t in np.flatnonzero(shows.any(axis=0))]
    T = error.shape[1]
    texts = [at_steps(steps, T)] if T > 1 else []
    course = _course(np.nanmax(np.where(shows, error, 0.0), axis=0)[steps])
    said = ", ".join(filter(None, (*texts, course)))
    rows = [gate for gate, row in zip(gates, shows, strict=False) if row.any()]
    if 0 < len(rows) < len(gates):
        said = "; ".join(filter(None, (said, f"gate{'s' * (len(rows) > 1)} {', '.join(rows)} alone")))
    elif len(gates) > 1:
        said = "; ".join(filter(None, (said, "every gate")))
    return said


def _course(worst: np.ndarray) -> str:
    """How the worst error runs over the steps that are wrong."""
    if len(worst) < 3 or not np.isfinite(worst).all():
        return ""
    steps = np.diff(np.log(worst))
    mostly = len(steps) - len(steps) // 4  # a quarter of the steps may go the other way
    if worst[0] > _GROWS * worst[-1] and np.count_nonzero(steps < 0) >= mostly:
        return "growing backwards in time"
    if worst[-1] > _GROWS * worst[0] and np.count_nonzero(steps > 0) >= mostly:
        return "growing forwards in time"
    return ""
