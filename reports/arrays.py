"""Small arrays in a line: what a counterexample is told with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import numbers

#: Of more entries than this only those at the edges are shown, as many as ``EDGE`` at each end of an axis.
ENOUGH, EDGE = 24, 2


def named(name: str, array: np.ndarray) -> str:
    """``W (2×1) = [0.5 -1]``: an axis of one entry has no brackets, and a shape stands where there is more than one."""
    array = np.asarray(array)
    shape = f" ({shaped(array)})" if array.size != 1 else ""
    return f"{name}{shape} = {compact(array)}"


def shaped(array: np.ndarray) -> str:
    """``4×3``."""
    return "×".join(map(str, array.shape))


def compact(array: np.ndarray) -> str:
    """Its entries in brackets, by spaces: ``[[1 0.5] [0.7616 2]]``."""
    return _bracketed(np.asarray(array).squeeze(), np.asarray(array).size > ENOUGH, value)


def both(one: np.ndarray, other: np.ndarray) -> tuple[str, str]:
    """Two arrays, in full where different entries would read the same; of many only where they are furthest apart."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return f"{compact(one)} ({shaped(one)})", f"{compact(other)} ({shaped(other)})"
    if one.size > ENOUGH:
        at = _furthest(one, other)
        place = f" at {', '.join(map(str, at))}"
        left, right = _pair(one[at], other[at])
        return left + place, right + place
    pairs = [_pair(a, b) for a, b in zip(one.flat, other.flat, strict=True)]
    texts = [np.array([pair[side] for pair in pairs], object).reshape(one.shape).squeeze() for side in (0, 1)]
    return _bracketed(texts[0], False, str), _bracketed(texts[1], False, str)


def value(entry: Any) -> str:
    """``0.5`` and ``-2`` as they are where that is exact, else with four digits, so that 0.99999 does not read 1."""
    if not isinstance(entry, float | np.floating):
        return str(entry)
    short = f"{entry:.4g}"
    return short if float(short) == entry else numbers.amount(float(entry))


def _pair(one: Any, other: Any) -> tuple[str, str]:
    same = numbers.amount(float(one)) == numbers.amount(float(other)) and one != other
    return (repr(float(one)), repr(float(other))) if same else (value(one), value(other))


def _furthest(one: np.ndarray, other: np.ndarray) -> tuple[int, ...]:
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other)
    apart = np.where(np.isnan(apart) & (np.isnan(one) != np.isnan(other)), np.inf, np.nan_to_num(apart, nan=0.0))
    return tuple(int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))


def _bracketed(array: np.ndarray, cut: bool, told: Callable[[Any], str]) -> str:
    if array.ndim == 0:
        return told(array[()])
    parts = [_bracketed(part, cut, told) for part in _shown(array, cut)]
    if cut and len(array) > 2 * EDGE:
        parts.insert(EDGE, "…")
    return f"[{' '.join(parts)}]"


def _shown(array: np.ndarray, cut: bool) -> list[np.ndarray]:
    rows = [np.asarray(row) for row in array]
    return [*rows[:EDGE], *rows[-EDGE:]] if cut and len(rows) > 2 * EDGE else rows
