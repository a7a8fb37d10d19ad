"""Where in time and in which gates the adjoints that a candidate accumulated are wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.diagnosed import Map
from harness.diagnosis.box import Answered, backward

#: a relative error from which the map's least shade is drawn
_DRAWN = 1e-9


def map_of(answered: Sequence[Answered]) -> Map | None:
    """Where in time and in which gates the accumulated adjoints of pre-activations are wrong; None where none is.

    Of the probes, the longest in which they are. A column of dW_ih is one step's where inputs are one-hot.
    """
    longest = sorted(answered, key=lambda one: (one.probe.entries_only, -one.probe.case.sizes["T"]))
    maps = (drawn for one in longest if (drawn := _drawn(one)) is not None)
    return next((drawn for drawn in maps if drawn.error.max() > _DRAWN), None)


def _drawn(one: Answered) -> Map | None:
    back = backward(one.probe.case)
    x = one.probe.case.arrays["x"]
    T, B, D = x.shape
    if T * B > D or "W_ih" not in one.seen or not one.seen["W_ih"].all() or not _one_hot(x):
        return None
    gates = back.model.equations.GATES

    def by_step(grad: np.ndarray) -> np.ndarray:
        return grad[:, : T * B].reshape(len(gates), -1, T, B)

    mine, right = by_step(one.grads["W_ih"]), by_step(back.right["dW_ih"])
    error = np.abs(mine - right).max(axis=(1, 3)) / (np.abs(right).max() or 1.0)
    return Map("da", tuple(gates), error)


def _one_hot(x: np.ndarray) -> bool:
    flat = x.reshape(-1, x.shape[-1])
    return bool(np.array_equal(flat, np.eye(*flat.shape)))
