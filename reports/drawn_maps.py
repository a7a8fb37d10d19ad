"""The maps of a judgement, drawn: every array as it is laid out, on one scale, in pixels of our own reckoning."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from harness.run import Judgement, Row

from . import maps, numbers, words
from .maps import EDGES, EXPLAINED, UNKNOWN, Map
from .panels import ALARM, clean, cut
from .sheet import FONT, Sheet, Style
from .shelves import Box, placed
from .vega import INK

if TYPE_CHECKING:
    from .panels import Panel as Drawn

WIDTH = 776
#: A cell is no larger than this, however small its array, and a map no larger than that, however large.
CELL, TALLEST, WIDEST = 12.0, 256.0, 192.0
HEAD, FOOT, GAP = 50.0, 18.0, Box(24, 20)  # above a map, below it, between two of them
SMALL = 11  # pixels
ADVANCE = 0.66  # of a letter: about what it takes in width, for each pixel of its size
NAME = 24  # characters of an array's name
#: Blues as far as rounding explains it, then orange to brown: told apart by everybody, and darker the worse.
CALM = ("#eef3f8", "#d0e1f0", "#a3c6e3")
LOUD = ("#fdc97f", "#fdae6b", "#fb9245", "#f1771f", "#dd5f0b", "#b94804", "#8f3405", "#571c02")
SHADES = (*CALM, *LOUD)
NOT_KNOWN, SOFT, FRAME = "#ffffff", "#666666", "#b8bec6"


class Panel(NamedTuple):
    """A map with what stands around it."""

    map: Map
    row: Row | None  #: what was found of the array, against truth
    cell: Box

    @property
    def gutter(self) -> float:
        """What the labels to the left of it take."""
        labels = [part.name for part in self.map.rows] or [self.map.down]
        return 6 + _wide(FONT, map(_label, labels))

    @property
    def box(self) -> Box:
        """What all of it takes."""
        rows, columns = self.map.level.shape
        titles = max(1.1 * _wide(FONT, [_name(self.map.array)]), _wide(SMALL, [self.shape, self.found]))
        wide = max(columns * self.cell.width, titles)
        return Box(self.gutter + wide, HEAD + rows * self.cell.height + FOOT)

    @property
    def shape(self) -> str:
        """The array's own shape."""
        return "×".join(map(str, self.map.shape)) or "a number"

    @property
    def found(self) -> str:
        """The verdict and the worst error ÷ budget; empty where it was not judged."""
        if self.row is None:
            return ""
        mark = "–" if self.row.vacuous and self.row.verdict == "agree" else words.MARKS[self.row.verdict]
        return f"{mark} {numbers.ratio(self.row.ratio)}"


def chart(judgement: Judgement | None) -> Drawn:
    """All arrays of a judgement against truth, and the scale that they share."""
    sheet = Sheet()
    panels = [_panel(maps.map_of(one), judgement) for one in judgement.elements] if judgement is not None else []
    if not panels:
        sheet.text(0, FONT, "there is no array to draw entry by entry", Style(colour=SOFT))
        return sheet.chart(WIDTH, 2 * FONT)
    assert judgement is not None
    top = _legend(sheet, judgement, any(panel.map.pooled for panel in panels))
    corners, height = placed([panel.box for panel in panels], WIDTH, GAP)
    for panel, (x, y) in zip(panels, corners, strict=True):
        _draw(sheet, panel, x, top + y)
    return sheet.chart(WIDTH, top + height)


def _panel(one: Map, judgement: Judgement | None) -> Panel:
    rows, columns = one.level.shape
    told = [row for row in judgement.rows if row.array == one.array] if judgement is not None else []
    by_truth = [row for row in told if judgement is not None and row.reference == judgement.truth]
    cell = Box(_side(WIDEST, columns), _side(TALLEST, rows))
    return Panel(one, next(iter(by_truth or told), None), cell)


def _draw(sheet: Sheet, panel: Panel, x: float, y: float) -> None:
    """One map, its upper left corner at x and y."""
    one, cell = panel.map, panel.cell
    rows, columns = one.level.shape
    left, top = x + panel.gutter, y + HEAD
    right, bottom = left + columns * cell.width, top + rows * cell.height
    wrong = panel.row is not None and panel.row.verdict != "agree"
    sheet.text(left, y + FONT, _name(one.array), Style(bold=True))
    sheet.text(left, y + FONT + 14, panel.shape, Style(size=SMALL, colour=SOFT))
    sheet.text(left, y + FONT + 29, panel.found, Style(bold=wrong, size=SMALL, colour=ALARM if wrong else SOFT))
    for run in maps.runs(one.level):
        upper = top + run.row * cell.height
        colour = NOT_KNOWN if run.level == UNKNOWN else SHADES[run.level]
        sheet.area(left + run.first * cell.width, upper, left + run.last * cell.width, upper + cell.height, colour)
    _grid(sheet, panel, left, top)
    sheet.frame(left, top, right, bottom, FRAME, 1)
    for edge in maps.outline(one.beyond):
        sheet.line(left + edge.column * cell.width, top + edge.row * cell.height,
                   left + edge.to_column * cell.width, top + edge.to_row * cell.height, INK, 1.6)  # fmt: skip
    for part in one.rows:
        middle = top + (part.first + part.last) / 2 * cell.height
        sheet.text(left - 5, middle + 4, _label(part.name), Style("right"))
    if not one.rows:
        sheet.text(left - 5, (top + bottom) / 2 + 4, _label(one.down), Style("right", colour=SOFT))
    for part in one.columns:
        sheet.text(left + (part.first + part.last) / 2 * cell.width, bottom + 14, _label(part.name), Style("center"))
    if not one.columns:
        sheet.text((left + right) / 2, bottom + 14, _label(one.across), Style("center", colour=SOFT))


def _grid(sheet: Sheet, panel: Panel, left: float, top: float) -> None:
    """White lines between cells that are large enough for it, and thicker ones between gates."""
    rows, columns = panel.map.level.shape
    width, height = columns * panel.cell.width, rows * panel.cell.height
    for across, count, size, parts in (
        (False, rows, panel.cell.height, panel.map.rows), (True, columns, panel.cell.width, panel.map.columns),
    ):  # fmt: skip
        thin = [(k, 0.6) for k in range(1, count) if min(panel.cell) >= 4]
        for at, thickness in [*thin, *((part.first, 2.4) for part in parts[1:])]:
            if across:
                sheet.line(left + at * size, top, left + at * size, top + height, NOT_KNOWN, thickness)
            else:
                sheet.line(left, top + at * size, left + width, top + at * size, NOT_KNOWN, thickness)


def _legend(sheet: Sheet, judgement: Judgement, pooled: bool) -> float:
    """The scale, and what it shows; gives how far down it reaches."""
    wide, high = 32.0, 12.0
    for level, colour in enumerate(SHADES):
        sheet.area(level * wide, 0, (level + 1) * wide, high, colour)
    for k, name in enumerate(maps.NAMES):
        sheet.text((k + 1) * wide, high + 14, name, Style("center", size=SMALL))
    first = (EXPLAINED + 1) * wide
    sheet.frame(0, 0, first, high, FRAME, 1)
    sheet.frame(first, 0, len(SHADES) * wide, high, INK, 1.6)
    said = f"|Δ| ÷ budget, entry by entry, against {cut(judgement.truth, NAME)}"
    sheet.text((len(EDGES) + 1) * wide + 14, high - 1, said, Style())
    what = "outlined: more than rounding explains" + ("; a cell is the worst of several entries" if pooled else "")
    sheet.text((len(EDGES) + 1) * wide + 14, high + 14, what, Style(size=SMALL, colour=SOFT))
    return high + 14 + 22


def _side(most: float, cells: int) -> float:
    """A cell's side in whole halves of a pixel, so that no seam shows between two."""
    return min(CELL, max(floor(2 * most / max(cells, 1)), 1) / 2)


def _wide(size: int, told: Iterable[str]) -> float:
    """About what the longest of some texts takes."""
    return ADVANCE * size * max((len(one) for one in told), default=0)


def _name(array: str) -> str:
    return cut(clean(array), NAME)


def _label(name: str) -> str:
    return cut(clean(name), 8)
