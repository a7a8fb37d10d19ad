"""Numbers and their places as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np


def number(value: float) -> str:
    """As a reader wants it: 812.4, 1e+300, inf."""
    return f"{value:.6g}".replace("-", "−", 1) if value < 0 else f"{value:.6g}"


def place(index: Sequence[int]) -> str:
    """The place of an entry, with a blank before it: " at [17, 0]"; empty for a single number."""
    return f" at {list(index)}" if index else ""


def entry(array: np.ndarray, index: tuple[int, ...]) -> str:
    """An entry of an array, with its place: "812.4 at [17, 0]"."""
    return number(float(array[index])) + place(index)


def largest(array: np.ndarray) -> str:
    """The entry that is largest in absolute value; one that is not finite before all others."""
    sizes = np.where(np.isfinite(array), np.abs(array), np.inf)
    index = tuple(int(k) for k in np.unravel_index(int(np.argmax(sizes)), array.shape))
    return f"largest {entry(array, index)}" if array.size > 1 else entry(array, index)


def kind(value: float) -> Literal["overflow", "not a number"]:
    """Of a value that is not finite."""
    return "not a number" if np.isnan(value) else "overflow"


def first(bad: np.ndarray) -> tuple[int, ...]:
    """The index of the first entry that is true."""
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(bad)), bad.shape))


def limit(dtype: np.dtype[np.floating]) -> str:
    """The largest number of a dtype, in words."""
    return f"{number(float(np.finfo(dtype).max))}, the largest {dtype}"
