"""What an author's value is made of: an array, a number, a list over time, with or without axes of size 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.errors import BadInput
from harness.layout.notation import ONE, Data, Notation
from harness.layout.places import has_columns


class Form(NamedTuple):
    """How an author's value holds the axes of its notation."""

    lists: int  #: how many of its first axes are lists
    kept: tuple[bool, ...]  #: of each axis, lists included: whether the notation has it; the others are of size 1
    shape: tuple[int, ...]  #: lists included
    integer: bool


def form(notation: Notation, value: Any) -> Form:
    """The form of a value. Raises BadInput where it does not have the notation's axes."""
    array = stacked(notation, value)
    listed = [axis.listed for axis in notation.axes] if isinstance(notation, Data) else []
    kept = _kept(array.shape, _named(notation), sum(listed))
    if kept is None:
        what = f"layout {_quoted(notation)} has {_count(sum(_named(notation)))}"
        raise BadInput(f"{notation.name}: got {_shape(array.shape)}, {what} beside any of size 1")
    return Form(sum(listed), kept, array.shape, array.dtype.kind in "iu")


def stacked(notation: Notation, value: Any) -> np.ndarray:
    """A value's entries as one array, lists along its first axes; zeros for the None that a list may begin with."""
    axes = notation.axes if isinstance(notation, Data) else ()
    lists = [axis for axis in axes if isinstance(axis, tuple) and axis.listed]
    first_none = bool(lists) and lists[-1].first_none
    return _stacked(notation, value, len(lists), first_none)


def _stacked(notation: Notation, value: Any, lists: int, first_none: bool) -> np.ndarray:
    said = f"layout {_quoted(notation)}"
    if lists:
        if isinstance(value, list | tuple) and not value:
            raise BadInput(f"{notation.name}: got an empty {type(value).__name__}, {said} needs at least one entry")
        if not isinstance(value, list | tuple):
            raise BadInput(f"{notation.name}: got {_kind(value)}, {said} says a list: leave out the brackets")
        ones = list(value)
        if first_none and lists == 1:
            if ones[0] is not None or len(ones) == 1:
                got = f"{_kind(ones[0])} first in the list"
                raise BadInput(f"{notation.name}: got {got}, {said} says None and more: leave out the ?")
            ones = [np.zeros_like(ones[1]), *ones[1:]]
        parts = [_stacked(notation, one, lists - 1, first_none) for one in ones]
        if len({part.shape for part in parts}) > 1:
            raise BadInput(f"{notation.name}: got a list of shapes {_distinct(parts)}, needs equal ones")
        return np.stack(parts)
    if isinstance(value, list | tuple):
        mend = 'put the axis into brackets, such as "[t]"' if isinstance(notation, Data) else "make it one"
        raise BadInput(f"{notation.name}: got {_kind(value)}, {said} says an array: {mend}")
    array = np.asarray(value)
    if value is None:
        raise BadInput(f'{notation.name}: got None, {said} says an array; a list with None first is "[t?]"')
    if array.dtype.kind not in "fiub":
        raise BadInput(f"{notation.name}: got {_kind(value)}, {said} needs an array of numbers")
    return array


def built(array: np.ndarray, lists: int, example: Any, first_none: bool) -> Any:
    """An array in the structure of an example: lists of its first axes, Python's own numbers where it has such."""
    if lists:
        ones = [built(part, lists - 1, _at(example, k), first_none) for k, part in enumerate(array)]
        if first_none and lists == 1:
            ones[0] = None
        return tuple(ones) if isinstance(example, tuple) else ones
    if not array.ndim and not isinstance(example, np.ndarray | np.generic):
        return array.item()
    return array.copy()


def _at(example: Any, index: int) -> Any:
    """The entry of an example's list that says what the one at ``index`` is made of, which no None does."""
    return example[min(index, len(example) - 1)] if index or example[0] is not None else example[-1]


def _named(notation: Notation) -> list[bool]:
    """Of each axis of the notation: whether it is not of size 1 by notation."""
    if isinstance(notation, Data):
        return [axis.letter != ONE for axis in notation.axes]
    if len(notation.axes) == 1 or has_columns(notation):
        return [True] * len(notation.axes)
    return [axis == notation.destinations for axis in range(2)]


def _kept(shape: Sequence[int], named: Sequence[bool], lists: int) -> tuple[bool, ...] | None:
    """Which axes of a shape are the named ones, in their order; None where others than those are longer than 1."""
    if len(shape) == len(named) and all(size == 1 or name for size, name in zip(shape, named, strict=True)):
        return tuple(named)
    needed = sum(named)
    kept = [axis < lists or size > 1 for axis, size in enumerate(shape)]
    for axis in range(len(shape)):  # an axis of size 1 may be a named one: a batch of one, say
        if sum(kept) < needed:
            kept[axis] = True
    return tuple(kept) if sum(kept) == needed else None


def _quoted(notation: Notation) -> str:
    return f'"{notation.text}"'


def _count(axes: int) -> str:
    return f"{axes} {'axis' if axes == 1 else 'axes'}"


def _shape(shape: Sequence[int]) -> str:
    return "a number" if not shape else f"{tuple(shape)}"


def _distinct(parts: Sequence[np.ndarray]) -> str:
    return ", ".join(dict.fromkeys(str(part.shape) for part in parts))


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}" if value.dtype.kind not in "fiub" else "an array"
    return "None" if value is None else f"a {type(value).__name__}"
