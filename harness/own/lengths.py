"""Where a gradient stops being right as sequences grow: the same data cut shorter, axis by axis.

Without a layout nobody knows which axis is time. Those that share a length in the data are cut together, and what runs
and answers with gradients of the old shapes is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from harness.candidates.structure import as_array


class Reach(NamedTuple):
    """Up to which length of some axes a gradient is right."""

    right: int  #: the largest length up to which all are right, 0 where none is
    length: int  #: that of the data
    axes: str  #: in words


Right = Callable[[dict[str, Any]], bool | None]


def reach(data: Mapping[str, Any], right: Right) -> Reach | None:
    """The first group of axes for which gradients are right up to some length and wrong from there on.

    ``right`` says of cut data whether the gradient is right there; None where the candidate does not run.
    """
    for length, places in _groups(data).items():
        verdicts = []
        for n in range(1, length):
            verdicts.append(right(_cut(data, places, n)))
            if verdicts[-1] is None or (n == 1 and not verdicts[0]):
                break
        else:
            known = [n for n, verdict in enumerate(verdicts, 1) if verdict]
            last = len(known)
            if known == list(range(1, last + 1)) and last:
                return Reach(last, length, _words(data, places))
    return None


def _groups(data: Mapping[str, Any]) -> dict[int, list[tuple[str, int]]]:
    """Lengths above 1, each with the axes of the data that have it; lists come first, as they run over time."""
    groups: dict[int, list[tuple[str, int]]] = {}
    for name, value in sorted(data.items(), key=lambda pair: not isinstance(pair[1], list)):
        for axis, size in enumerate(shape(value)):
            if size > 1:
                groups.setdefault(size, []).append((name, axis))
    return groups


def shape(value: Any) -> tuple[int, ...]:
    """Of an array, or of a list over time with the arrays in it."""
    if isinstance(value, list | tuple):
        inner = as_array(value)
        return inner.shape if inner is not None else (len(value),)
    return value.shape if isinstance(value, np.ndarray) else ()


def _cut(data: Mapping[str, Any], places: list[tuple[str, int]], length: int) -> dict[str, Any]:
    shorter = dict(data)
    for name, axis in places:
        shorter[name] = _shorter(shorter[name], axis, length)
    return shorter


def _shorter(value: Any, axis: int, length: int) -> Any:
    if isinstance(value, list | tuple):
        return value[:length] if axis == 0 else type(value)(_shorter(one, axis - 1, length) for one in value)
    return np.ascontiguousarray(np.take(value, range(length), axis=axis))


def _words(data: Mapping[str, Any], places: list[tuple[str, int]]) -> str:
    return " and ".join(_places(data, places))


def _places(data: Mapping[str, Any], places: list[tuple[str, int]]) -> Iterator[str]:
    for name, axis in places:
        whole = len(shape(data[name])) == 1 or (axis == 0 and isinstance(data[name], list | tuple))
        yield name if whole else f"axis {axis} of {name}"
