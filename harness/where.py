"""Where an array differs, in words: which gates, rows, columns and time steps agree, and which do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.pictured import Axis as Axis

#: letter → the kind of part that one index along such an axis is
_KINDS = {"A": "row", "K": "row", "T": "step", "B": "batch", "D": "column", "H": "column"}
#: kind → one, several
_WORDS = {"batch": ("batch entry", "batch entries"), "entry": ("entry", "entries")}


#: what stands along an axis that is multiplied by inputs: these are no gates
SOURCES = {"x", "h", "1", "1x", "1h"}


class Part(NamedTuple):
    """One way to split an array: its kind, the label of each part, and the axes that a part keeps."""

    kind: str
    labels: tuple[str, ...]
    view: np.ndarray  #: of the array, a row per part; a shorter one ends in zeros, which no sum or maximum sees


def axes(letters: Sequence[str], shape: Sequence[int], gates: Sequence[str]) -> tuple[Axis, ...]:
    """The axes of a canonical array, from their letters; ``gates`` are stacked along A."""
    return tuple(_axis(k, letter, size, gates) for k, (letter, size) in enumerate(zip(letters, shape, strict=True)))


def _axis(place: int, letter: str, size: int, gates: Sequence[str]) -> Axis:
    kind = "column" if place and letter == "K" else _KINDS[letter]
    if letter != "A" or len(gates) < 2:
        return Axis(letter, kind, tuple(map(str, range(size))))
    units = size // len(gates)
    labels = tuple(f"{gates[k // units]} {k % units}" for k in range(size))
    return Axis(
        letter, kind, labels, tuple((gate, tuple(range(n * units, (n + 1) * units))) for n, gate in enumerate(gates))
    )


def plain(shape: Sequence[int]) -> tuple[Axis, ...]:
    """The axes of an array of which nothing is known but its shape."""
    kinds = ("row", "column") if len(shape) == 2 else ("entry",) * len(shape)
    names = kinds if len(shape) == 2 else tuple(f"axis {k}" for k in range(len(shape)))
    return tuple(
        Axis(name, kind, tuple(map(str, range(size)))) for name, kind, size in zip(names, kinds, shape, strict=True)
    )


def parts(array: np.ndarray, axes: Sequence[Axis]) -> list[Part]:
    """The gates, sources, rows, columns, steps and batch entries of an array, as far as it has them."""
    found: list[Part] = []
    for k, axis in enumerate(axes):
        along = _along(array, k)
        if axis.blocks:
            found.append(Part(_grouped_kind(axis), tuple(name for name, _ in axis.blocks), _stacked(along, axis)))
        found.append(Part(axis.kind, axis.labels, along))
    return found


def _along(array: np.ndarray, axis: int) -> np.ndarray:
    return np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)


def _grouped_kind(axis: Axis) -> str:
    return "source" if {name for name, _ in axis.blocks} <= SOURCES else "gate"


def _stacked(along: np.ndarray, axis: Axis) -> np.ndarray:
    """A row per block."""
    rows = np.zeros((len(axis.blocks), max(len(indices) for _, indices in axis.blocks) * along.shape[1]), along.dtype)
    for row, (_, indices) in zip(rows, axis.blocks, strict=True):
        row[: len(indices) * along.shape[1]] = along[list(indices)].ravel()
    return rows


def index_words(index: Sequence[int], axes: Sequence[Axis]) -> str:
    """An index in the array's own words: "f 3, 12" is row 3 of gate f, column 12."""
    return ", ".join(axis.labels[k] for k, axis in zip(index, axes, strict=True))


def describe(differs: np.ndarray, axes: Sequence[Axis]) -> tuple[str, ...]:
    """What the mask ``differs`` says, one sentence per axis along which something agrees; empty where all agrees."""
    if not differs.any():
        return ()
    if differs.all():
        return ("every entry differs",)
    sentences: list[str] = []
    for k, axis in enumerate(axes):
        along = np.asarray(_along(differs, k).any(axis=1))
        if along.all():
            continue
        if not axis.blocks:
            where = f"{axis.name}: " if axis.kind == "entry" and len(axes) > 1 else ""
            sentences.append(where + _numbered(axis.kind, along))
            continue
        sentences += _blocks(axis, along)
    if not sentences:
        sentences.append(f"{int(differs.sum())} of {differs.size} entries differ, in every row and column")
    return tuple(sentences)


def _blocks(axis: Axis, bad: np.ndarray) -> list[str]:
    """Which gates along an axis differ, and of those that differ in part, where."""
    kind = _grouped_kind(axis)
    sentences = []
    within = {name: bad[list(indices)] for name, indices in axis.blocks}
    wrong = np.array([block.any() for block in within.values()])
    if not wrong.all():
        sentences.append(_gates(kind, tuple(within), wrong))
    partly = [(name, block) for name, block in within.items() if block.any() and not block.all()]
    return sentences + [f"{kind} {name}: {_numbered(axis.kind, block)}" for name, block in partly]


def _gates(kind: str, labels: Sequence[str], bad: np.ndarray) -> str:
    wrong = [label for label, b in zip(labels, bad, strict=True) if b]
    right = [label for label, b in zip(labels, bad, strict=True) if not b]
    return (
        f"{_name(kind, wrong)} {', '.join(wrong)} {_verb('differ', wrong)}, "
        f"{_name(kind, right)} {', '.join(right)} {_verb('agree', right)}"
    )


def _numbered(kind: str, bad: np.ndarray) -> str:
    wrong, right = np.flatnonzero(bad), np.flatnonzero(~bad)
    return (
        f"{_name(kind, wrong)} {ranges(wrong)} {_verb('differ', wrong)}, "
        f"{_name(kind, right)} {ranges(right)} {_verb('agree', right)}"
    )


def _name(kind: str, items: Sequence[object] | np.ndarray) -> str:
    one, several = _WORDS.get(kind, (kind, f"{kind}s"))
    return one if len(items) == 1 else several


def _verb(verb: str, items: Sequence[object] | np.ndarray) -> str:
    return f"{verb}s" if len(items) == 1 else verb


def ranges(numbers: Sequence[int] | np.ndarray) -> str:
    """Ascending numbers in short: ``0–3, 7``."""
    runs: list[list[int]] = []
    for number in map(int, numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in runs)
