"""Other numbers in the place of an example's: what its author chose hides faults, such as tiny weights and zero states.

Integers, text and, among data, single numbers stay as they are, and so do floats that are codes: one-hot rows, bits,
masks, signs, lengths. Code may build on what such data have in common, so that stays too: what lies between 0 and 1
stays there, what sums to one along an axis goes on doing so, a symmetric matrix stays symmetric, and times go on
ascending.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.candidates.structure import as_array, like


def redrawn(
    params: Mapping[str, Any], data: Mapping[str, Any], seed: int | list[int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Params and data with their floats drawn anew."""
    rng = np.random.default_rng(seed)
    return (
        {name: _changed(value, rng, _weight) for name, value in params.items()},
        {name: _changed(value, rng, _datum) for name, value in data.items()},
    )


def multiplied(values: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """The same with every float array multiplied, but for codes and for what may be probabilities."""

    def times(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        bounded = ((array >= 0) & (array <= 1)).all() or np.isin(array, (-1, 0, 1)).all()
        return array if bounded or _two_valued(array) else array * factor

    return {name: _changed(value, np.random.default_rng(0), times) for name, value in values.items()}


def noisy(values: Mapping[str, Any], part: float, rng: np.random.Generator) -> dict[str, Any]:
    """The same with every float moved by up to ``part`` of its size, but for arrays of whole numbers.

    These are exact, and code may compare them, or make indices and lengths of them.
    """

    def moved(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return array if _whole(array) else array * (1 + part * rng.uniform(-1, 1, array.shape))

    return {name: _changed(value, rng, moved) for name, value in values.items()}


def _changed(value: Any, rng: np.random.Generator, change: Any) -> Any:
    """A value with its arrays changed, those in dicts and uneven lists one by one.

    Python's own numbers are changed only where weights are: one weight may be such a number.
    """
    array = as_array(value)
    single = isinstance(value, np.ndarray) or (change is _weight and isinstance(value, float))
    if array is not None and array.size > 0 and (array.ndim > 0 or single):
        return like(value, np.asarray(change(array, rng), array.dtype))
    if isinstance(value, Mapping):
        return {key: _changed(one, rng, change) for key, one in value.items()}
    if isinstance(value, list | tuple) and array is None:
        return type(value)(_changed(one, rng, change) for one in value)
    return value


def _weight(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Around 0.5, smaller for large matrices: nothing saturates, and nothing vanishes or explodes through time.

    A single number, a temperature say, keeps its sign and about its size.
    """
    if array.ndim == 0 and array != 0:
        return np.asarray(array * np.exp(rng.uniform(-0.7, 0.7)))
    long = sorted(size for size in array.shape if size > 1)[-2:]
    columns = np.sqrt(np.prod(long)) if len(long) > 1 else 1.0  # of W or its transpose: nobody knows which
    return rng.normal(0, 0.5 / np.sqrt(max(1.0, columns / 4)), array.shape)


def _datum(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if array.ndim == 0 or (_whole(array) and np.ptp(array) > 0) or _two_valued(array):
        return array
    if array.size > 1 and (array == 1).all():
        return _bits(array.shape, rng)
    drawn = _drawn(array, rng)
    if _ascending(array):
        return np.sort(drawn, axis=-1)
    return (drawn + drawn.T) / 2 if _symmetric(array) else drawn


def _drawn(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if not _whole(array) and array.min() >= 0 and array.max() <= 1:
        return _between(array, rng)
    size = 0.5 if not array.any() else float(np.std(array)) or 1.0
    return rng.normal(0, min(max(size, 0.1), 3.0), array.shape)


def _between(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.uniform(0.05, 0.95, array.shape)
    for axis in range(array.ndim):
        sums = array.sum(axis=axis, keepdims=True)
        padding = sums == 0  # rows beyond the end of a sequence
        if array.shape[axis] > 1 and not padding.all() and np.allclose(sums[~padding], 1):
            return np.where(padding, 0.0, drawn / drawn.sum(axis=axis, keepdims=True))
    return drawn


def _bits(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Zeros and ones, both at least once: what is all ones may be a mask or a cotangent, and these serve both."""
    bits = rng.permutation(np.arange(int(np.prod(shape))) % 3 != 0)
    return bits.reshape(shape).astype(float)


def _whole(array: np.ndarray) -> bool:
    return bool((array == np.round(array)).all())


def _two_valued(array: np.ndarray) -> bool:
    """Whether the array codes something, as a mask of dropout does that holds 0 and 1/0.8, or smoothed one-hot rows."""
    return array.size > 2 and len(np.unique(array)) == 2


def _ascending(array: np.ndarray) -> bool:
    return array.shape[-1] > 2 and bool((np.diff(array, axis=-1) > 0).all())


def _symmetric(array: np.ndarray) -> bool:
    """Whether it is a matrix that equals its transpose, and not only by being the same everywhere."""
    square = array.ndim == 2 and array.shape[0] == array.shape[1]
    return bool(square and np.ptp(array) > 0 and np.allclose(array, array.T, rtol=1e-9, atol=0))
