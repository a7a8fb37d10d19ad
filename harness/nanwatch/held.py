"""The arrays of floats in whatever a candidate computes with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

#: how deep lists and dicts are searched
_DEEP = 3


def floats(value: Any) -> np.ndarray | None:
    """An array of floats as it is, a float as an array; None for all else."""
    if not isinstance(value, np.ndarray | float | np.floating):
        return None
    array: np.ndarray = np.asarray(value)
    return array if array.dtype.kind == "f" and array.size else None


def leaves(value: Any, deep: int = _DEEP) -> Iterator[Any]:
    """What lists and dicts hold, or the value itself."""
    if isinstance(value, list | tuple | Mapping) and deep:
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from leaves(one, deep - 1)
    else:
        yield value


def root(value: Any) -> Any:
    """The array whose memory it is."""
    while isinstance(value, np.ndarray) and isinstance(value.base, np.ndarray):
        value = value.base
    return value
