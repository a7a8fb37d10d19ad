"""The axes of an author's array in words: what it holds along each, and a label for every index."""

from __future__ import annotations

from collections.abc import Mapping

from harness.layout.notation import BIASES, ONE, READOUT, Data, Notation, Part, names
from harness.layout.places import SIZES, has_columns
from harness.where import Axis

_KINDS = {"t": "step", "b": "batch"}


def axes(sizes: Mapping[str, int], notation: Notation) -> list[Axis]:
    """The axes that are not of size 1 by notation; two of a weight are its rows and columns."""
    if isinstance(notation, Data):
        return [_letter(axis.letter, axis.reverse, sizes) for axis in notation.axes if axis.letter != ONE]
    kinds = ("row", "column") if has_columns(notation) else ("entry",)
    sides = notation.axes if has_columns(notation) else (notation.axes[notation.destinations],)
    return [_side(side, kind, sizes) for side, kind in zip(sides, kinds, strict=True)]


def length(name: str, sizes: Mapping[str, int]) -> int:
    """How many rows or columns a block has."""
    return 1 if name in BIASES else sizes[{"x": "D", READOUT: "K"}.get(name, "H")]


def _letter(letter: str, reverse: bool, sizes: Mapping[str, int]) -> Axis:
    size = SIZES[letter]
    labels = [str(k) for k in range(sizes[size])]
    return Axis(size, _KINDS.get(letter, "entry"), tuple(reversed(labels) if reverse else labels))


def _side(side: tuple[Part, ...], kind: str, sizes: Mapping[str, int]) -> Axis:
    owners = [(name, k) for part in side for k in range(length(part[0], sizes)) for name in part]
    labels = tuple(name if name in BIASES else f"{name} {k}" for name, k in owners)
    several = names(side) if len(names(side)) > 1 else ()
    blocks = tuple((one, tuple(at for at, (name, _) in enumerate(owners) if name == one)) for one in several)
    return Axis("+".join(part[0] if len(part) == 1 else f"[{' '.join(part)}]" for part in side), kind, labels, blocks)
