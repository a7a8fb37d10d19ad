"""Lines of block notation that an array could have: written from what it may be, and read by the same grammar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

from harness.errors import BadInput
from harness.layout.kinds import Kind
from harness.layout.notation import LETTERS, ONE, READOUT, Data, Notation, parse

#: the letter of the last axis of each of the model's arrays that are no weights, and the size that it has
LAST = {"x": ("x", "D"), "y": ("y", "K")}


def weights(kind: Kind, ndim: int, gates: Sequence[str]) -> Iterator[str]:
    """Every order of some of the ``gates``, stacked and interleaved, with every order of the sources."""
    for destinations in permutations(gates, kind.gates) if kind.gates else [(READOUT,)]:
        for interleaved in (False, True) if kind.gates > 1 else (False,):
            for sources in permutations(kind.sources):
                yield weight(kind.axis, ndim, destinations, interleaved, sources)


def weight(axis: int, ndim: int, destinations: Sequence[str], interleaved: bool, sources: Sequence[str]) -> str:
    """One line of a weight."""
    into = f"[{' '.join(destinations)}]" if interleaved else "+".join(destinations)
    sides = [into, "+".join(sources)]
    return into if ndim == 1 else ", ".join(reversed(sides) if axis else sides)


def data(
    name: str, value: Any, role: str, last: Mapping[str, int], known: Mapping[str, int], reverse: bool = False
) -> Iterator[str]:
    """Every line that makes a value one of the model's arrays.

    ``last`` are the letters that its last axis may have, with their sizes, none of them for indices; ``known`` the
    sizes of t and b, as far as they are; ``reverse`` adds those with time reversed.
    """
    lists, shape, first_none = _shape(value)
    for letters in _lettered(shape, lists, last, known):
        if first_none and (role != "x" or letters[lists - 1] != "t"):
            continue
        for sign in ("", "-") if reverse and "t" in letters else ("",):
            marks = [
                f"[{sign if letter == 't' else ''}{letter}{'?' if first_none and letter == 't' else ''}]"
                if axis < lists
                else f"{sign if letter == 't' else ''}{letter}"
                for axis, letter in enumerate(letters)
            ]
            yield named(name, role, " ".join(marks) or ONE)


def named(name: str, role: str, axes: str) -> str:
    """A line of data, with its role where the name and the letters do not tell."""
    try:
        plain = notation(name, axes)
    except BadInput:
        return f"{role}: {axes}"
    return axes if isinstance(plain, Data) and plain.role == role else f"{role}: {axes}"


@cache
def notation(name: str, text: str) -> Notation:
    """A line, read; remembered."""
    return parse(name, text)


def _shape(value: Any) -> tuple[int, tuple[int, ...], bool]:
    """How many lists there are around the arrays, the shape of all, and whether the innermost list begins with None."""
    if isinstance(value, list | tuple) and value:
        lists, shape, first_none = _shape(value[-1])
        return lists + 1, (len(value), *shape), first_none or value[0] is None
    return 0, np.shape(value), False


def _lettered(
    shape: Sequence[int], lists: int, last: Mapping[str, int], known: Mapping[str, int]
) -> Iterator[tuple[str, ...]]:
    """Every way to give the axes letters: one of ``last`` if there are any, t and b at most once, 1 for size 1."""
    sizes = {**last, **known}

    def extend(before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        axis = len(before)
        if axis == len(shape):
            if not last or set(last) & set(before):
                yield before
            return
        for letter in LETTERS:
            if letter == ONE:
                fits = shape[axis] == 1 and axis >= lists
            elif letter in ("t", "b"):
                fits = known.get(letter, shape[axis]) == shape[axis] and (shape[axis] > 1 or axis < lists)
            else:
                fits = letter in last and sizes[letter] == shape[axis] and axis >= lists and not set(last) & set(before)
            if fits and (letter == ONE or letter not in before):
                yield from extend((*before, letter))

    yield from extend(())
