"""The lines that an array could have, going by the structure and by what other arrays are taken to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product
from typing import Any

import numpy as np

from handgrad import cells
from harness.layout import texts
from harness.layout.guess import Guess
from harness.layout.kinds import Kind, Structure, kinds
from harness.layout.notation import READOUT, Data, gates, roles
from harness.layout.texts import notation
from references.equations import losses

#: for data of which it is known that it has no time axis
_NO_TIME = -1


def inputs(name: str, value: Any, D: int) -> Iterator[str]:
    """What a value may be as x: with an axis of size D, or as indices below it."""
    if _is_data(value):
        yield from texts.data(name, value, "x", {"x": D}, {})
        if D == 1 or (not _has_floats(value) and _largest(value) < D):
            yield from texts.data(name, value, "x", {}, {})


def mains(structure: Structure, name: str, value: Any, T: int, B: int) -> Iterator[Data]:
    """What a value may be as targets or cotangents, all steps and batch entries having theirs."""
    sizes, cell = dict(structure.sizes), structure.cell
    if not _is_data(value):
        return
    every = {letter for letter, size in (("t", T), ("b", B)) if size > 1}
    known = {"t": T, "b": B}
    predicted = {"y": sizes["K"]} if "K" in sizes else {"h": sizes["H"]}
    with_axis = list(texts.data(name, value, "y", predicted, known, reverse=_has_floats(value)))
    without = list(texts.data(name, value, "y", {}, known, reverse=True))
    of_one = 1 in predicted.values() and with_axis  # then the two are the same
    for line in _read(name, with_axis if of_one else [*with_axis, *without]):
        if every <= set(line.letters):
            yield line
    if "K" not in sizes and _has_floats(value):
        last = {"h": sizes["H"]}
        cotangents = list(texts.data(name, value, "G", last, known, reverse=True))
        for state in cells.get(cell).STATES[1:]:
            cotangents += texts.data(name, value, f"G_{state}", last, {"t": _NO_TIME, "b": B})
        for line in _read(name, cotangents):
            if every <= {*line.letters, "t"}:
                yield line


def arrangements(structure: Structure, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[dict[str, str]]:
    """All lines for the arrays of the input's weights and of the readout; alike arrays are arranged alike."""
    kind = dict(structure.kinds)
    holding = structure.names("x")
    readout = list(dict.fromkeys([*structure.names("h", True), *structure.names("1", True)]))
    alike = list(dict.fromkeys(kind[name].sources for name in (*holding, *readout)))
    interleaved = (False, True) if any(kind[name].gates > 1 for name in holding) else (False,)
    for sources in product(*(permutations(one) for one in alike)):
        order = dict(zip(alike, sources, strict=True))

        def line(
            name: str, into: Sequence[str], together: bool, order: Mapping[tuple[str, ...], Sequence[str]] = order
        ) -> str:
            return texts.weight(kind[name].axis, len(shapes[name]), into, together, order[kind[name].sources])

        whole = {name: line(name, (READOUT,), False) for name in readout}
        for together, own in product(interleaved, permutations(gates()[structure.cell])):
            left = list(own)
            for name in holding:
                into, left = left[: kind[name].gates], left[kind[name].gates :]
                whole[name] = line(name, into, together and len(into) > 1)
            yield dict(whole)


def weights(guess: Guess, name: str, kind: Kind, shape: tuple[int, ...]) -> Iterator[str]:
    """What an array may hold of the gates whose x, h or biases no array of the guess holds yet."""
    taken = {block for line in guess.weights() for block in line.blocks}
    own = gates()[guess.structure.cell]
    needed = {source for source in kind.sources if source != "1"} | ({"1h"} if "1" in kind.sources else set())
    free = [gate for gate in own if not any((gate, source) in taken for source in needed)]
    sizes = {"K": 0, **dict(guess.structure.sizes)}
    for one in kinds(shape, len(own), **sizes):
        if one[:2] == kind[:2]:
            for text in texts.weights(one, len(shape), free):
                line = notation(name, text)
                assert not isinstance(line, Data)
                second = any((into, "1") in taken for into, source in line.blocks if source == "1")
                yield _second(text) if second else text


def _second(text: str) -> str:
    """The same with the second of two biases."""
    marked = re.sub(r"\b1\b", "1h", text)
    return marked if marked != text else f"{text}, 1h"


def states(guess: Guess, name: str, value: Any) -> Iterator[str]:
    """What a value may be as an initial state, or as the cotangent of a final one."""
    others = cells.get(guess.structure.cell).STATES
    taken = {line.role for line in guess.data()}
    wanted = [f"{state}0" for state in others]
    if guess.loss == losses.COTANGENT:
        wanted += ["G_h" if "G" in taken else "G", *(f"G_{state}" for state in others[1:])]
    for role in wanted:
        if role in roles() and role not in taken:
            lines = texts.data(name, value, role, {"h": guess.sizes["H"]}, {"t": _NO_TIME, "b": guess.B})
            yield from (line.text for line in _read(name, lines) if guess.B == 1 or "b" in line.letters)


def _read(name: str, lines: Iterator[str] | Sequence[str]) -> Iterator[Data]:
    for text in lines:
        line = notation(name, text)
        if isinstance(line, Data):
            yield line


def _is_data(value: Any) -> bool:
    """Whether a value is an array, a list of numbers or arrays, or an index."""
    if isinstance(value, list | tuple):
        return bool(value) and _is_data(value[-1])
    if isinstance(value, bool | str) or value is None:
        return False
    return isinstance(value, int | float | np.integer | np.ndarray) and np.asarray(value).dtype.kind in "fiu"


def _has_floats(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return _has_floats(value[-1])
    return np.asarray(value).dtype.kind == "f"


def _largest(value: Any) -> int:
    if isinstance(value, list | tuple):
        return max((_largest(one) for one in value if one is not None), default=0)
    return int(np.max(value, initial=0))
