"""Where an array differs, in words: which gates, rows, columns and time steps agree, and which do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: axis → the kind of part that one index along it is
_KINDS = {"A": "row", "K": "row", "T": "step", "B": "batch", "D": "column", "H": "column"}
#: kind → one, several
_WORDS = {"batch": ("batch entry", "batch entries")}


class Part(NamedTuple):
    """One way to split an array: its kind, the label of each part, and the axes that a part keeps."""

    kind: str
    labels: tuple[str, ...]
    view: np.ndarray  #: of the array, the parts along the first axis, all else flattened


def parts(array: np.ndarray, axes: Sequence[str], gates: Sequence[str]) -> list[Part]:
    """The gates, rows, columns, steps and batch entries of an array, as far as it has them."""
    found: list[Part] = []
    for axis, letter in enumerate(axes):
        along = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
        if letter == "A" and len(gates) > 1:
            found.append(Part("gate", tuple(gates), along.reshape(len(gates), -1)))
        found.append(Part(_kind(axes, axis), _labels(letter, along.shape[0], gates), along))
    return found


def _kind(axes: Sequence[str], axis: int) -> str:
    return "column" if axis and axes[axis] == "K" else _KINDS[axes[axis]]


def _labels(letter: str, length: int, gates: Sequence[str]) -> tuple[str, ...]:
    if letter != "A" or len(gates) < 2:
        return tuple(map(str, range(length)))
    unit = length // len(gates)
    return tuple(f"{gates[k // unit]} {k % unit}" for k in range(length))


def index_words(index: Sequence[int], axes: Sequence[str], shape: Sequence[int], gates: Sequence[str]) -> str:
    """An index in the array's own words: "f 3, 12" is row 3 of gate f, column 12."""
    return ", ".join(_labels(axis, size, gates)[k] for k, axis, size in zip(index, axes, shape, strict=True))


def describe(differs: np.ndarray, axes: Sequence[str], gates: Sequence[str]) -> tuple[str, ...]:
    """What the mask ``differs`` says, one sentence per axis along which something agrees; empty where all agrees."""
    if not differs.any():
        return ()
    if differs.all():
        return ("every entry differs",)
    sentences: list[str] = []
    for part in parts(differs, axes, gates):
        bad = np.asarray(part.view.any(axis=1))
        if not bad.all():
            if part.kind == "gate":
                sentences.append(_gates(part.labels, bad))
            elif part.labels[0].isdigit():
                sentences.append(_numbered(part.kind, bad))
            else:
                sentences += _units(differs, gates)
    if not sentences:
        sentences.append(f"{int(differs.sum())} of {differs.size} entries differ, in every row and column")
    return tuple(sentences)


def _gates(labels: Sequence[str], bad: np.ndarray) -> str:
    wrong = [label for label, b in zip(labels, bad, strict=True) if b]
    right = [label for label, b in zip(labels, bad, strict=True) if not b]
    return (
        f"{_name('gate', wrong)} {', '.join(wrong)} {_verb('differ', wrong)}, "
        f"{_name('gate', right)} {', '.join(right)} {_verb('agree', right)}"
    )


def _units(differs: np.ndarray, gates: Sequence[str]) -> list[str]:
    """Which rows of each gate differ, for gates of which only some do."""
    sentences = []
    for gate, block in zip(gates, np.split(differs, len(gates)), strict=True):
        bad = np.asarray(block.reshape(len(block), -1).any(axis=1))
        if bad.any() and not bad.all():
            sentences.append(f"gate {gate}: {_numbered('row', bad)}")
    return sentences


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
