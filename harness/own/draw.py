"""Other numbers in the place of an example's: what its author chose hides faults, such as tiny weights and zero states.

Integers, text and Python's own numbers stay as they are, and so do floats that are integers: one-hot rows, bits, masks.
What lies between 0 and 1 stays there, and what sums to one along an axis goes on doing so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.candidates.structure import as_array, like


def redrawn(params: Mapping[str, Any], data: Mapping[str, Any], seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Params and data with their floats drawn anew."""
    rng = np.random.default_rng(seed)
    return (
        {name: _changed(value, rng, _weight) for name, value in params.items()},
        {name: _changed(value, rng, _datum) for name, value in data.items()},
    )


def multiplied(values: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """The same with every float array multiplied, but for those between 0 and 1, which may be probabilities."""

    def times(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return array if ((array >= 0) & (array <= 1)).all() else array * factor

    return {name: _changed(value, np.random.default_rng(0), times) for name, value in values.items()}


def noisy(values: Mapping[str, Any], part: float, rng: np.random.Generator) -> dict[str, Any]:
    """The same with every float moved by up to ``part`` of its size."""
    return {
        name: _changed(value, rng, lambda array, rng: array * (1 + part * rng.uniform(-1, 1, array.shape)))
        for name, value in values.items()
    }


def _changed(value: Any, rng: np.random.Generator, change: Any) -> Any:
    """A value with its arrays changed, those in dicts and uneven lists one by one."""
    array = as_array(value)
    if array is not None and array.ndim > 0 and array.size > 0:
        return like(value, np.asarray(change(array, rng), array.dtype))
    if isinstance(value, Mapping):
        return {key: _changed(one, rng, change) for key, one in value.items()}
    if isinstance(value, list | tuple) and array is None:
        return type(value)(_changed(one, rng, change) for one in value)
    return value


def _weight(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Around 0.5, smaller for large matrices: nothing saturates, and nothing vanishes or explodes through time."""
    long = sorted(size for size in array.shape if size > 1)[-2:]
    columns = np.sqrt(np.prod(long)) if len(long) > 1 else 1.0  # of W or its transpose: nobody knows which
    return rng.normal(0, 0.5 / np.sqrt(max(1.0, columns / 4)), array.shape)


def _datum(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    whole = bool((array == np.round(array)).all())
    if whole and np.ptp(array) > 0:
        return array
    if not whole and array.min() >= 0 and array.max() <= 1:
        return _between(array, rng)
    size = 0.5 if not array.any() else float(np.std(array)) or 1.0
    return rng.normal(0, min(max(size, 0.1), 3.0), array.shape)


def _between(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.uniform(0.05, 0.95, array.shape)
    for axis in range(array.ndim):
        if array.shape[axis] > 1 and np.allclose(array.sum(axis=axis), 1):
            return np.asarray(drawn / drawn.sum(axis=axis, keepdims=True))
    return drawn
