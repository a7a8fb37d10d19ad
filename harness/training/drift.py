"""The free drift: a second trajectory, by the reference's own gradients, and how fast it leaves the hand's.

Both begin at the same weights and see the same data, clip and rate; each hands on its own states. They part by
rounding alone, and where training is chaotic that grows exponentially. So nothing here is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.trained import Drift
from harness.training.descent import Clip, descend
from references.protocol import Lean

Arrays = Mapping[str, np.ndarray]

#: how many distances are kept, at most
KEPT = 512
#: from here on the trajectories have parted, and the distance grows no more
SATURATED = 1e-3
#: a growth is fitted to this many distances, at least
ENOUGH = 8


class Free:
    """A trajectory of its own from ``params``: `arrays` says what its next gradient is to be of, `step` takes it."""

    def __init__(self, params: Arrays, clip: Clip, rate: float, carried: Sequence[str]) -> None:
        self._params = {name: np.array(param, float) for name, param in params.items()}
        self._clip, self._rate, self._carried = clip, rate, tuple(carried)
        self._states: dict[str, np.ndarray] = {}

    def arrays(self, hand: Arrays) -> dict[str, np.ndarray]:
        """The case of the hand's update at its own weights and states; it starts from zero where the hand does."""
        states = {name: state for name, state in self._states.items() if hand[name].any()}
        return {**hand, **self._params, **states}

    def distance(self, hand: Arrays) -> float:
        """‖θ_hand − θ‖ ÷ ‖θ_hand‖ over all parameters."""
        apart = whole = 0.0
        for name, param in self._params.items():
            delta = hand[name] - param
            apart += float(np.vdot(delta, delta))
            whole += float(np.vdot(hand[name], hand[name]))
        return float(np.sqrt(apart / whole)) if whole else float(np.sqrt(apart))

    def step(self, answer: Lean) -> None:
        """Descend by the reference's gradient, in its own clip and rate, and hand its states on."""
        grads = {name: np.array(answer.grads[name], float) for name in self._params}
        self._clip(grads)
        descend(self._params, grads, self._rate)
        self._states = {f"{state}0": np.array(answer.final[state], float) for state in self._carried}


class Curve:
    """Distances by update: every one at first, then every second, every fourth …: never more than `KEPT`.

    Which updates it wants follows from those that it was given, so that two curves of the same updates are the same.
    """

    def __init__(self) -> None:
        self._stride = 1
        self._points: list[tuple[int, float]] = []

    def wants(self, update: int) -> bool:
        """Whether the distance at this update is to be taken."""
        return update % self._stride == 0

    def add(self, update: int, distance: float) -> None:
        """Keep one that was wanted."""
        self._points.append((update, distance))
        if len(self._points) > KEPT:
            self._stride *= 2
            self._points = [point for point in self._points if self.wants(point[0])]

    def drift(self, reference: str) -> Drift | None:
        """What it shows; None where nothing was taken."""
        if not self._points:
            return None
        updates = np.array([update for update, _ in self._points])
        distance = np.array([distance for _, distance in self._points])
        return Drift(reference, updates, distance, growth(updates, distance))


def growth(updates: np.ndarray, distance: np.ndarray) -> float:
    """By what factor the distance grows in 1,000 updates: the median slope of its logarithm (Theil and Sen).

    Over the part between the first rounding and saturation; NaN where that has fewer than `ENOUGH` distances. The
    median of the slopes between all pairs is not moved by a few of them, whatever those are.
    """
    with np.errstate(invalid="ignore"):
        gone = ~(distance < SATURATED)  # NaN has gone too
    end = int(np.argmax(gone)) if gone.any() else len(distance)
    rising = np.flatnonzero(distance[:end] > 0)
    if len(rising) < ENOUGH:
        return float("nan")
    at, log = updates[rising].astype(float), np.log(distance[rising])
    one, two = np.triu_indices(len(at), 1)
    return float(np.exp(1000 * np.median((log[two] - log[one]) / (at[two] - at[one]))))
