"""A map of one array, as a picture shows it: rows down, columns across, a level of |Δ| ÷ budget in each cell.

Levels are fixed, so that maps of several arrays, and of several runs, can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, prod
from typing import NamedTuple

import numpy as np

from harness.pictured import Axis, Elements

from .html.levels import RATIO

#: The largest |Δ| ÷ budget of each level but the last, as the page has them; rounding explains those up to 1.
EDGES = RATIO.bounds[1:]
EXPLAINED = EDGES.index(1.0)  #: the last level that rounding explains
#: What the edges are called in a legend.
NAMES = tuple(text.removeprefix("≤ ") for text in RATIO.texts[1 : len(RATIO.bounds)])
UNKNOWN = -1  #: nothing to compare with
#: No picture has more rows or columns than this: an array of more is shown by the worst of neighbours.
MOST_ROWS, MOST_COLUMNS = 96, 64
MOST_PARTS = 12  #: of two axes that go down, as many of the first are told apart


class Part(NamedTuple):
    """A gate or a source along an axis, in cells."""

    name: str
    first: float
    last: float  #: its end, which is where the next one begins


class Run(NamedTuple):
    """Neighbouring cells of a row with the same level."""

    row: int
    first: int
    last: int  #: its end
    level: int


class Edge(NamedTuple):
    """A line between two corners of cells."""

    row: int
    column: int
    to_row: int
    to_column: int


@dataclass(frozen=True)
class Map:
    """One array as it is drawn."""

    array: str
    shape: tuple[int, ...]  #: the array's own
    level: np.ndarray  #: (rows, columns), whole numbers: `UNKNOWN`, or how many of `EDGES` are passed
    rows: tuple[Part, ...]  #: gates or sources along the rows; empty where there is only one
    columns: tuple[Part, ...]
    down: str  #: what goes down: "A", "B·D"
    across: str  #: what goes across; empty for a vector
    pooled: bool  #: whether a cell is the worst of several entries

    @property
    def beyond(self) -> np.ndarray:
        """Which cells rounding does not explain, (rows, columns)."""
        return self.level > EXPLAINED


def map_of(elements: Elements) -> Map:
    """The map of one array against truth, which is the first of the references."""
    ratio = _worst_known(elements)
    axes = elements.axes
    order = _order(axes)
    if ratio.ndim:
        ratio, axes = ratio.transpose(order), tuple(axes[k] for k in order)
    down, across = (axes[:-1], axes[-1:]) if len(axes) > 1 else (axes, ())
    flat = ratio.reshape(prod(ratio.shape[: len(down)]), -1)
    steps = [max(ceil(size / most), 1) for size, most in zip(flat.shape, (MOST_ROWS, MOST_COLUMNS), strict=True)]
    return Map(
        array=elements.array,
        shape=elements.shape,
        level=_levels(_pooled(flat, steps)),
        rows=_parts(down, steps[0]),
        columns=_parts(across, steps[1]),
        down="·".join(axis.name for axis in down),
        across="·".join(axis.name for axis in across),
        pooled=max(*steps, *elements.block, 1) > 1,
    )


def runs(level: np.ndarray) -> Iterator[Run]:
    """All cells, neighbours of one level in one piece."""
    for row, cells in enumerate(level):
        starts = [0, *(np.flatnonzero(np.diff(cells)) + 1).tolist(), len(cells)]
        for first, last in pairwise(starts):
            yield Run(row, first, last, int(cells[first]))


def outline(beyond: np.ndarray) -> Iterator[Edge]:
    """The border of what rounding does not explain, in straight pieces."""
    padded = np.pad(beyond.astype(int), 1)  # rows + 2, columns + 2
    below = np.diff(padded, axis=0)[:, 1:-1] != 0  # rows + 1, columns: between a row and the next
    for row, line in enumerate(below):
        yield from (Edge(row, first, row, last) for first, last in _stretches(line))
    beside = np.diff(padded, axis=1)[1:-1] != 0  # rows, columns + 1
    for column, line in enumerate(beside.T):
        yield from (Edge(first, column, last, column) for first, last in _stretches(line))


def _stretches(line: np.ndarray) -> Iterator[tuple[int, int]]:
    """Where a line is true, from an index to another."""
    turns = np.flatnonzero(np.diff(np.pad(line.astype(int), 1))).tolist()
    yield from zip(turns[::2], turns[1::2], strict=True)


def _worst_known(elements: Elements) -> np.ndarray:
    """|Δ| ÷ budget against truth; NaN where truth has no value."""
    ratios, expected = ([*told.values()] for told in (elements.ratio, elements.expected))
    if not ratios:
        return np.full([len(axis.labels) for axis in elements.axes], np.nan)
    ratio = np.asarray(ratios[0], float)
    return np.where(np.isnan(expected[0]) & ~np.isinf(ratio), np.nan, np.where(np.isnan(ratio), np.inf, ratio))


def _order(axes: Sequence[Axis]) -> list[int]:
    """The axes such that the last goes across: time where there is one."""
    time = [k for k, axis in enumerate(axes) if axis.kind == "step"] if len(axes) > 1 else []
    return [*(k for k in range(len(axes)) if k not in time), *time]


def _pooled(values: np.ndarray, steps: Sequence[int]) -> np.ndarray:
    """The worst of each block of neighbours; what is not known counts less than anything."""
    known = np.where(np.isnan(values), -1.0, values)
    for axis, step in enumerate(steps):
        known = np.maximum.reduceat(known, np.arange(0, known.shape[axis], step), axis=axis)
    return known


def _levels(values: np.ndarray) -> np.ndarray:
    """How many edges a value passes; a value at an edge does not pass it."""
    return np.where(values < 0, UNKNOWN, np.searchsorted(EDGES, values, side="left"))


def _parts(axes: Sequence[Axis], step: int) -> tuple[Part, ...]:
    """The gates or sources along the axes that go one way, where each is in one piece; of two axes the first's own."""
    if len(axes) == 2 and len(axes[0].labels) <= MOST_PARTS:
        first, size = axes[0], len(axes[1].labels) / step
        return tuple(Part(f"{first.name} {label}", k * size, (k + 1) * size) for k, label in enumerate(first.labels))
    if len(axes) != 1:
        return ()
    parts = [Part(name, min(at) / step, (max(at) + 1) / step) for name, at in axes[0].blocks if at]
    whole = all(len(at) == max(at) - min(at) + 1 for _, at in axes[0].blocks if at)
    return tuple(sorted(parts, key=lambda part: part.first)) if whole and len(parts) > 1 else ()
