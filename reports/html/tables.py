"""Tables of a page: static HTML, which the page's script makes sortable and filterable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Cell:
    """One cell. ``key`` is what it sorts by, where that is not its text; NaN sorts as the worst."""

    text: str
    key: float | None = None
    kind: str = ""  #: a class of style.css: "code", "total", "bar"
    bar: float | None = None  #: a small bar beside the text: a share from −1 to 1
    signed: bool = False  #: whether the bar begins in the middle


@dataclass(frozen=True)
class Line:
    """One row; ``verdict`` is what it can be filtered by, empty where it has none."""

    cells: tuple[Cell, ...]
    verdict: str = ""


@dataclass(frozen=True)
class Table:
    """A table. ``numeric`` holds the columns that are numbers, by index: aligned right, largest first when sorted."""

    title: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    numeric: frozenset[int] = frozenset()
    note: str = ""


def of_texts(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[str] = ()) -> Table:
    """A table of plain texts, as the other reports have them; ``numeric`` names columns by their heading."""
    lines = tuple(Line(tuple(Cell(text) for text in row)) for row in rows)
    told = tuple(heading.replace("\n", " ") for heading in headings)
    columns = frozenset(k for k, heading in enumerate(headings) if heading in numeric)
    return Table(title, told, lines, columns)


def without_empty(table: Table) -> Table:
    """The table without the columns in which no line says anything."""
    used = [k for k in range(len(table.headings)) if any(line.cells[k].text for line in table.lines)]
    lines = tuple(replace(line, cells=tuple(line.cells[k] for k in used)) for line in table.lines)
    numeric = frozenset(n for n, k in enumerate(used) if k in table.numeric)
    return replace(table, headings=tuple(table.headings[k] for k in used), lines=lines, numeric=numeric)
