"""A long curve as few points: no minimum and no maximum is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: A curve of no more points than this is drawn as it is; of a longer one three values for each of a third as many bins.
POINTS = 1500


@dataclass(frozen=True)
class Thinned:
    """A curve to draw. Where it is thinned, a point is a bin of updates: a median between a smallest and a largest."""

    updates: np.ndarray  #: (n,) of a bin, its middle; the first and the last are the curve's own
    values: np.ndarray  #: (n,) of a bin, its median; the first and the last likewise
    low: np.ndarray  #: (n,)
    high: np.ndarray  #: (n,)
    thinned: bool


def thin(updates: np.ndarray, values: np.ndarray, positive: bool = False, points: int = POINTS) -> Thinned:
    """What can be drawn of a curve: values that are not finite are left out, and those that no log scale has."""
    kept = np.isfinite(values) & ((values > 0) if positive else True)
    updates, values = updates[kept], values[kept].astype(float)
    if len(values) <= points:
        return Thinned(updates, values, values, values, False)
    bins = np.array_split(values, points // 3)
    ends = np.array_split(updates, points // 3)
    middles = np.array([end[len(end) // 2] for end in ends])
    low, middle, high = (np.array([measure(one) for one in bins]) for measure in (np.min, np.median, np.max))
    for end in (0, -1):
        middles[end], middle[end] = updates[end], values[end]
    return Thinned(middles, middle, low, high, True)
