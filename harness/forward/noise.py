"""How far rounding carries a loss, measured: what no cubic explains among losses very close to each other.

Points are irregular, for a regular grid may miss what rounding does, and so close that no smooth loss needs more than
a cubic. A loss that is exactly flat there has been rounded more coarsely than it moves, so the points are drawn apart
until it is not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: distances, the irregular points being ±1 of them
_NEAREST, _FARTHEST, _APART = 1e-8, 1e-2, 8.0
_POINTS = np.array([-1, -0.81, -0.57, -0.43, -0.19, -0.06, 0.11, 0.31, 0.48, 0.67, 0.86, 1])


def noise(loss: Callable[[float], float], middle: float) -> float:
    """The largest residual at two distances; infinite where the loss is not finite nearby."""
    largest, distance = 0.0, _NEAREST
    measured = 0
    while measured < 2 and distance < _FARTHEST:
        losses = np.array([loss(float(distance * at)) for at in _POINTS]) - middle
        if not np.isfinite(losses).all():
            return np.inf
        if losses.any():
            measured += 1
            largest = max(largest, float(np.abs(_residual(losses)).max()))
        distance *= _APART
    return max(largest, float(np.spacing(abs(middle))))


def _residual(losses: np.ndarray) -> np.ndarray:
    """What the best cubic leaves."""
    powers = np.vander(_POINTS, 4)
    left: np.ndarray = losses - powers @ np.linalg.lstsq(powers, losses, rcond=None)[0]
    return left
