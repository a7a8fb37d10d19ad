"""Warnings before anything is lost: gates that saturate, and a gradient norm that grows away from what it was."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

from harness.nanwatch import words
from harness.run import Finding

#: a logistic gate is saturated within this distance of 0 or 1, where its slope is below a twenty-fifth of its largest;
#: a tanh is within this distance of ±1, where its slope is below a fiftieth of its largest
NEAR = 0.01
#: shares of saturated gates are warned of from here on; the published systems, trained as published, stay below 0.2,
#: and at ten times their rate reach 0.87 and more
SHARE = 0.5
#: so many times its median the norm has grown away from it; likewise below 4, and 70 and more
GROWTH = 20.0
#: the median is that of so many norms that were noted last
_LAST = 25
#: which quantities of a cell are logistic, and which are tanh
_LOGISTIC: Mapping[str, tuple[str, ...]] = {"lstm": ("i", "f", "o")}
_TANH: Mapping[str, tuple[str, ...]] = {"lstm": ("g",)}


def saturated(trace: Mapping[str, np.ndarray], cell: str) -> float:
    """The share of gate values, of all steps, that are saturated; NaN where the trace has no gates.

    The only gate of a simple recurrent network is its state. Where that is not bounded by ±1 it cannot saturate.
    """
    logistic = [trace[name] for name in _LOGISTIC.get(cell, ()) if name in trace]
    tanh = [trace[name] for name in _TANH.get(cell, ()) if name in trace]
    if cell not in _LOGISTIC and "h" in trace:
        h = trace["h"]
        bounded = bool((np.abs(h) <= 1).all())
        positive = bool((h > 0).all())  # of a logistic one; a ReLU has zeros
        logistic, tanh = ([h], []) if bounded and positive else ([], [h] if bounded else [])
        if not bounded:
            return 0.0
    count = sum(array.size for array in (*logistic, *tanh))
    if not count:
        return float("nan")
    beyond = sum(int((np.abs(array - 0.5) > 0.5 - NEAR).sum()) for array in logistic)
    return (beyond + sum(int((np.abs(array) > 1 - NEAR).sum()) for array in tanh)) / count


class Warnings:
    """Told of some updates of a training; says once of each kind when it begins."""

    def __init__(self) -> None:
        self._norms: deque[float] = deque(maxlen=_LAST)
        self._usual = 0.0  #: the largest median so far: errors that shrink shrink the norm, and a relapse is no growth
        self._found: dict[str, Finding] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was warned of, in the order in which it began."""
        return tuple(self._found.values())

    def note(self, update: int, norm: float, trace: Mapping[str, np.ndarray], cell: str) -> None:
        """Take in the norm of all gradients, unclipped, and the gates of an update."""
        share = saturated(trace, cell)
        if share >= SHARE:
            text = (
                f"{share:.0%} of the gates are saturated from update {update} on: little of what arrives gets through"
            )
            self._found.setdefault("saturated", Finding("saturated", text))
        if norm > GROWTH * self._usual > 0:
            text = (
                f"the gradient norm is {words.number(norm)} at update {update}, "
                f"{words.number(norm / self._usual)} times what was usual before"
            )
            self._found.setdefault("growing", Finding("growing", text))
        if np.isfinite(norm):
            self._norms.append(norm)
            self._usual = max(self._usual, float(np.median(self._norms)))
