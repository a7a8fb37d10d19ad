"""A curve in one line of text: each column the median of a stretch of updates, on a log scale where that tells more."""

from __future__ import annotations

from collections.abc import Mapping
from math import log10

import numpy as np

from harness.trained import Series

from .drawing import FALLBACK

LEVELS = "▁▂▃▄▅▆▇█"
#: A stretch in which nothing is finite.
LOST = "×"
COLUMNS = 60
#: What stands for the levels where the encoding has no blocks.
MARKS: Mapping[str, str] = {**FALLBACK, **dict(zip(LEVELS, "_.-~=+*#", strict=True))}

#: Of a range of more decades than this only a log scale shows the lower end.
DECADES = 1.5


def spark(curve: Series, columns: int = COLUMNS) -> str:
    """The line, and what it shows; empty for fewer than three values, which are told as quickly in words."""
    if len(curve.values) < 3:
        return ""
    stretches = np.array_split(curve.values.astype(float), min(columns, len(curve.values)))
    medians = np.array([_median(stretch) for stretch in stretches])
    log = logarithmic(medians)
    if log:
        medians = np.log10(medians, where=medians > 0, out=np.full_like(medians, np.nan))
    finite = medians[np.isfinite(medians)]
    if not finite.size:
        return f"{LOST * len(medians)}  {curve.name}, never finite"
    low, high = finite.min(), finite.max()
    levels = "".join(_level(value, low, high) for value in medians)
    return f"{levels}  {curve.name}{', log scale' * log}"


def logarithmic(values: np.ndarray) -> bool:
    """Whether a log scale shows these better: all that is finite is positive, and spans many decades."""
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0 and log10(finite.max()) - log10(finite.min()) > DECADES)


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def _level(value: float, low: float, high: float) -> str:
    if not np.isfinite(value):
        return LOST
    share = 0.5 if high == low else (value - low) / (high - low)
    return LEVELS[min(int(share * len(LEVELS)), len(LEVELS) - 1)]
