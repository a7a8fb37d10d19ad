"""A grid of levels as SVG paths: one path per level, so that thousands of cells cost little. Units are cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.pictured import Axis

#: Between two gates, in cells.
GAP = 0.6
#: Cells are squares of so many pixels: as large as lets a map be seen whole, within these limits.
SMALLEST, LARGEST = 7.0, 20.0
WIDTH, HEIGHT = 460.0, 460.0
#: From this level on a mark has another tone.
DEEP = 8
#: How many indices lie from one tick to the next, and how many pixels there must be.
TICKS, APART = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), 24.0


@dataclass(frozen=True)
class Side:
    """One side of the grid: where each index begins, gaps counted, and what is written beside it."""

    title: str
    offsets: tuple[float, ...]
    blocks: tuple[tuple[float, str], ...]  #: the middle of each gate or outer index, and its name
    labels: tuple[str, ...]  #: of each index, for ticks; empty where blocks are named instead

    @property
    def length(self) -> float:
        """In cells."""
        return self.offsets[-1] + 1 if self.offsets else 0.0


@dataclass(frozen=True)
class Layer:
    """The cells against one reference."""

    reference: str
    paths: tuple[tuple[int, str], ...]  #: level and path
    dots: str  #: a mark on every cell that is wrong, of the paler levels
    deep: str  #: and of the deeper ones, which need a mark of another tone
    crosses: str  #: and on every one that is not finite


@dataclass(frozen=True)
class Text:
    """A tick or a name beside the grid, in pixels from its corner."""

    at: float
    text: str


@dataclass(frozen=True)
class Drawing:
    """What the template draws."""

    rows: Side
    columns: Side
    cell: float  #: pixels
    layers: tuple[Layer, ...]

    @property
    def width(self) -> float:
        """Of the grid, in pixels."""
        return self.columns.length * self.cell

    @property
    def height(self) -> float:
        """Of the grid, in pixels."""
        return self.rows.length * self.cell

    def texts(self, side: Side) -> list[Text]:
        """Names of blocks, or ticks as densely as they fit."""
        if side.blocks:
            return [Text(middle * self.cell, name) for middle, name in side.blocks]
        widest = max(APART, 8 * max(map(len, side.labels), default=1))
        every = next((n for n in TICKS if n * self.cell >= widest), TICKS[-1])
        return [Text((side.offsets[k] + 0.5) * self.cell, side.labels[k]) for k in range(0, len(side.labels), every)]


def side(axes: Sequence[Axis]) -> Side:
    """One side from the axes that run along it, the last one fastest; a single cell where there is none."""
    if not axes:
        return Side("", (0.0,), (), ())
    *outer, inner = axes
    title = " · ".join(axis.name for axis in axes)
    if outer and any(len(axis.labels) > 1 for axis in outer):
        names = [f"{axis.name} {label}" for axis in outer[-1:] for label in axis.labels]
        repeated = int(np.prod([len(axis.labels) for axis in outer[:-1]])) if outer[:-1] else 1
        return _blocked(title, [(name, len(inner.labels)) for name in names * repeated])
    blocks = [(name, len(indices)) for name, indices in inner.blocks if _contiguous(indices)]
    if blocks and sum(size for _, size in blocks) == len(inner.labels):
        return _blocked(title, blocks)
    return Side(title, tuple(map(float, range(len(inner.labels)))), (), tuple(map(_short, inner.labels)))


def _contiguous(indices: Sequence[int]) -> bool:
    return list(indices) == list(range(indices[0], indices[0] + len(indices))) if indices else False


def _blocked(title: str, blocks: Sequence[tuple[str, int]]) -> Side:
    offsets: list[float] = []
    middles = []
    start = 0.0
    for name, size in blocks:
        offsets += [start + k for k in range(size)]
        middles.append((start + size / 2, name))
        start += size + GAP
    return Side(title, tuple(offsets), tuple(middles), ())


def _short(label: str) -> str:
    """``12`` of "x 12", and the first of "x 0 … x 3"."""
    words = label.split(" … ", 1)[0].split()
    return words[-1] if words else ""


def drawing(rows: Side, columns: Side, layers: Sequence[tuple[str, np.ndarray]], loud: int, infinite: int) -> Drawing:
    """A grid with a layer per reference; each layer's levels have the shape rows × columns."""
    cell = min(WIDTH / max(columns.length, 1), HEIGHT / max(rows.length, 1))
    return Drawing(
        rows, columns, round(min(max(cell, SMALLEST), LARGEST), 1),
        tuple(_layer(name, levels, rows, columns, loud, infinite) for name, levels in layers),
    )  # fmt: skip


def _layer(name: str, levels: np.ndarray, rows: Side, columns: Side, loud: int, infinite: int) -> Layer:
    paths: dict[int, list[str]] = {}
    for y, line in zip(rows.offsets, levels, strict=True):
        for level, x, length in _runs(line, columns.offsets):
            paths.setdefault(level, []).append(f"M{x:g} {y:g}h{length}v1h-{length}z")
    drawn = tuple((level, "".join(paths[level])) for level in sorted(paths))
    dots, deep = ("".join(_dots(one, rows, columns)) for one in (
        (levels >= loud) & (levels < DEEP), (levels >= DEEP) & (levels < infinite)))  # fmt: skip
    return Layer(name, drawn, dots, deep, "".join(_crosses(levels == infinite, rows, columns)))


def _dots(where: np.ndarray, rows: Side, columns: Side) -> Iterator[str]:
    """A line of no length, which round caps make a dot."""
    return (f"M{columns.offsets[c] + 0.5:g} {rows.offsets[r] + 0.5:g}h0" for r, c in np.argwhere(where))


def _crosses(where: np.ndarray, rows: Side, columns: Side) -> Iterator[str]:
    corners = ((columns.offsets[c] + 0.3, rows.offsets[r] + 0.3) for r, c in np.argwhere(where))
    return (f"M{x:g} {y:g}l.4 .4m0-.4l-.4 .4" for x, y in corners)


def _runs(line: np.ndarray, offsets: Sequence[float]) -> list[tuple[int, float, int]]:
    """Neighbours of one level as one piece: level, where it begins, how long it is."""
    runs: list[tuple[int, float, int]] = []
    for level, x in zip(line.tolist(), offsets, strict=True):
        if runs and runs[-1][0] == level and abs(runs[-1][1] + runs[-1][2] - x) < GAP / 2:
            runs[-1] = (level, runs[-1][1], runs[-1][2] + 1)
        else:
            runs.append((level, x, 1))
    return runs
