"""The sizes T, B, D, H and K that shapes and notations agree on: by vote, so that a single wrong shape stands out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.errors import BadInput
from harness.layout.notation import BIASES, READOUT, SOURCES, Data, Notation, names
from harness.layout.places import SIZES, canonical, has_columns
from harness.layout.values import Form
from references.model import Model


class Extent(NamedTuple):
    """How long an axis is: so many times each size, and a constant."""

    times: tuple[tuple[str, int], ...]
    constant: int

    def at(self, sizes: Mapping[str, int]) -> int:
        """The length, with these sizes."""
        return self.constant + sum(count * sizes[size] for size, count in self.times)


def extents(notation: Notation) -> tuple[Extent, ...]:
    """The lengths of the axes that are not of size 1 by notation."""
    if isinstance(notation, Data):
        return tuple(Extent(((SIZES[letter], 1),), 0) for letter in notation.letters if letter in SIZES)
    sides = notation.axes if has_columns(notation) else (notation.axes[notation.destinations],)
    return tuple(_extent(names(side)) for side in sides)


def _extent(blocks: Sequence[str]) -> Extent:
    of = {"x": "D", READOUT: "K"} | (dict.fromkeys(BIASES, "") if blocks[0] in SOURCES else {})
    count = Counter(of.get(block, "H") for block in blocks)
    return Extent(tuple((size, times) for size, times in count.items() if size), count[""])


def inferred(lines: Sequence[tuple[Notation, Form]]) -> dict[str, int]:
    """The sizes that can be told: first what most axes of one size say, then what follows for the others.

    Raises BadInput for an array that does not have the shape that follows.
    """
    known: dict[str, int] = {}
    arrays = [list(zip(extents(notation), _own(form), strict=True)) for notation, form in lines]
    while votes := _votes(_sound(arrays, known), known) or _votes(arrays, known):
        (size, value), _ = votes.most_common(1)[0]
        known[size] = value
    for notation, form in lines:
        _check(notation, form, known)
    return known


def _own(form: Form) -> list[int]:
    return [size for size, kept in zip(form.shape, form.kept, strict=True) if kept]


def _votes(arrays: Sequence[Sequence[tuple[Extent, int]]], known: Mapping[str, int]) -> Counter[tuple[str, int]]:
    """Who says what of a size that is not known yet; a vector, which cannot be transposed, counts twice."""
    votes: Counter[tuple[str, int]] = Counter()
    for axes in arrays:
        for extent, length in axes:
            unknown = _unknown(extent, known)
            if len(unknown) == 1:
                rest = length - Extent(tuple(one for one in extent.times if one[0] in known), extent.constant).at(known)
                size, times = unknown[0]
                if rest > 0 and rest % times == 0:
                    votes[size, rest // times] += 2 if len(axes) == 1 else 1
    return votes


def _sound(
    arrays: Sequence[Sequence[tuple[Extent, int]]], known: Mapping[str, int]
) -> list[Sequence[tuple[Extent, int]]]:
    """Those of which no axis is wrong already: the others are asked last."""
    return [
        axes
        for axes in arrays
        if all(extent.at(known) == length for extent, length in axes if not _unknown(extent, known))
    ]


def _unknown(extent: Extent, known: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(size, times) for size, times in extent.times if size not in known]


def _check(notation: Notation, form: Form, sizes: Mapping[str, int]) -> None:
    said = f'layout "{notation.text}"'
    lengths = extents(notation)
    missing = [size for extent in lengths for size, _ in extent.times if size not in sizes]
    if missing:
        raise BadInput(f"{notation.name}: got {form.shape}, with {said} that fits no size of {missing[0]}")
    needed = iter([extent.at(sizes) for extent in lengths])
    shape = tuple(next(needed) if kept else 1 for kept in form.kept)
    if shape != form.shape:
        used = dict.fromkeys(size for extent in lengths for size, _ in extent.times)
        known = ", ".join(f"{size}={sizes[size]}" for size in used)
        raise BadInput(f"{notation.name}: got {form.shape}, {said} with {known} needs {shape}")


def fixed(model: Model, lines: Sequence[tuple[Notation, Form]], known: Mapping[str, int]) -> dict[str, int]:
    """The sizes that can be 1 only, as some array has no axis for them.

    Raises BadInput where another array has it longer.
    """
    found: dict[str, int] = {}
    for notation, form in lines:
        if isinstance(notation, Data):
            for letter in _lacking(model, notation, form):
                size = SIZES[letter]
                if known.get(size, 1) > 1:
                    whole = ", or integers" if letter == "x" else ""
                    said = f'layout "{notation.text}"'
                    raise BadInput(f"{notation.name}: got {said}, with {size}={known[size]} needs axis {letter}{whole}")
                found[size] = 1
    return found


def _lacking(model: Model, data: Data, form: Form) -> tuple[str, ...]:
    """The axes of the model's array that an author's has not. Cotangents without time are those of the last step."""
    spared = {"x": "x" if form.integer else "", "y": ""}.get(data.role, "t")
    letters = canonical(model, data.role)
    return tuple(letter for letter in letters if letter not in data.letters and letter not in spared)
