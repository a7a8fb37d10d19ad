"""What goes into a candidate and comes out of it: dicts of arrays, lists over time, numbers, None.

A value crosses between processes as a skeleton in JSON's own types and its arrays by number; never by pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

#: a skeleton's object for what JSON does not have
_ARRAY, _MATRIX, _SCALAR, _TUPLE, _COMPLEX, _MAPPING = "array", "matrix", "scalar", "tuple", "complex", "mapping"


def encode(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The value's skeleton; its arrays are added to ``arrays``. Raises TypeError for a value of another kind."""
    if value is None or isinstance(value, bool | int | float | str):
        return value if not isinstance(value, np.generic) else _put(value, arrays)
    if isinstance(value, np.ndarray | np.generic):
        return _put(value, arrays)
    if isinstance(value, complex):
        return {_COMPLEX: [value.real, value.imag]}
    if isinstance(value, list):
        return [encode(one, arrays) for one in value]
    if isinstance(value, tuple):
        return {_TUPLE: [encode(one, arrays) for one in value]}
    if isinstance(value, Mapping):
        return {_MAPPING: [[encode(_plain(key), arrays), encode(one, arrays)] for key, one in value.items()]}
    raise TypeError(
        f"got a {type(value).__name__}, allowed: arrays, numbers, text, None, and lists, tuples and dicts of them"
    )


def _put(array: np.ndarray | np.generic, arrays: dict[str, np.ndarray]) -> Any:
    kind = _SCALAR if isinstance(array, np.generic) else _MATRIX if isinstance(array, np.matrix) else _ARRAY
    if array.dtype.kind not in "fiub":
        raise TypeError(f"got an array of dtype {array.dtype}, allowed: float, integer and bool")
    name = str(len(arrays))
    arrays[name] = np.asarray(array)
    return {kind: name}


def _plain(key: Any) -> Any:
    """A dict's key without NumPy, for Python's types are equal to it."""
    return key.item() if isinstance(key, np.generic) else key


def decode(skeleton: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The value that `encode` was given; its arrays are copies."""
    if isinstance(skeleton, list):
        return [decode(one, arrays) for one in skeleton]
    if not isinstance(skeleton, dict):
        return skeleton
    [(kind, held)] = skeleton.items()
    if kind == _ARRAY:
        return arrays[held].copy()
    if kind == _MATRIX:
        return arrays[held].copy().view(np.matrix)
    if kind == _SCALAR:
        return arrays[held][()]
    if kind == _COMPLEX:
        return complex(*held)
    if kind == _TUPLE:
        return tuple(decode(one, arrays) for one in held)
    return {decode(key, arrays): decode(one, arrays) for key, one in held}


def copied(value: Any) -> Any:
    """A copy that shares no array with the original."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list | tuple):
        return type(value)(copied(one) for one in value)
    if isinstance(value, Mapping):
        return {key: copied(one) for key, one in value.items()}
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two values are of one structure and hold the same bytes."""
    if isinstance(one, np.ndarray | np.generic) or isinstance(other, np.ndarray | np.generic):
        if not isinstance(one, type(other)) or np.shape(one) != np.shape(other):
            return False
        first, second = np.asarray(one), np.asarray(other)
        return first.dtype == second.dtype and first.tobytes() == second.tobytes()
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    return bool(one == other or (one != one and other != other))


def as_array(value: Any) -> np.ndarray | None:
    """The floats of a value as one array: of an array itself, of a float, or of a list over time stacked along axis 0.

    None for what holds no floats, and for lists whose entries have unequal shapes.
    """
    if isinstance(value, list | tuple):
        parts = [as_array(one) for one in value]
        shapes = {None if part is None else part.shape for part in parts}
        return (
            None
            if not parts or None in shapes or len(shapes) > 1
            else np.stack([part for part in parts if part is not None])
        )
    if isinstance(value, bool) or not isinstance(value, float | np.ndarray | np.generic):
        return None
    array = np.asarray(value)
    return array if array.dtype.kind in "fc" else None


def like(value: Any, array: np.ndarray) -> Any:
    """``array`` in the structure of a value of which `as_array` gave an array of its shape."""
    if isinstance(value, list | tuple):
        return type(value)(like(one, part) for one, part in zip(value, array, strict=True))
    if isinstance(value, np.matrix):
        return array.copy().view(np.matrix)
    return array.copy() if isinstance(value, np.ndarray) else array[()]
