"""What derivatives of candidates' own forwards are asked for: never wrong, and where it is said, precise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.forward.derive import Derived

Differentiate = Callable[..., Derived]


def loss_of(module: Any) -> Callable[[dict[str, Any], dict[str, Any]], Any]:
    if hasattr(module, "loss_and_grads"):
        return lambda params, data: module.loss_and_grads(params, data)[0]
    return lambda params, data: module.loss(params, data)


def off(derived: Derived, truth: Mapping[str, Any], name: str) -> np.ndarray:
    """How far values are from the truth beyond their radius and the truth's own rounding; NaN never is."""
    value, exact = derived.values[name], np.asarray(truth[name], float)
    assert value.shape == derived.radius[name].shape == exact.shape
    rounding = 64 * np.finfo(float).eps * np.maximum(np.abs(exact), np.abs(exact).max(initial=0))
    known = np.isfinite(derived.radius[name])
    beyond: np.ndarray = np.where(known, np.abs(value - exact) - derived.radius[name] - rounding, -1.0)
    return beyond


def never_wrong(derived: Derived, truth: Mapping[str, Any]) -> None:
    """No value that is said to be known is off by more than is said."""
    for name in derived.values:
        beyond = off(derived, truth, name)
        assert not np.isnan(beyond).any(), name
        assert (beyond <= 0).all(), (name, derived.method[name], derived.values[name], truth[name], derived.notes)


def precise(derived: Derived, relative: float) -> None:
    """Every value is known, to this part of the array's largest."""
    for name, radius in derived.radius.items():
        most = max(float(np.abs(values).max(initial=0.0)) for values in derived.values.values())
        assert (radius <= relative * most).all(), (name, derived.method[name], radius.max() / most, derived.notes)
