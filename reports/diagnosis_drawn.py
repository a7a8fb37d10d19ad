"""A diagnosis on a terminal, or in a log, in the order in which it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from harness.diagnosed import Diagnosis, Equation, Example, Map, Status

from . import diagnosis
from .drawing import GAP, LABEL, MARKS, details, put, put_table, text, width
from .shades import LEVELS, UNKNOWN, shades

STYLES: Mapping[Status, str] = {"holds": "", "broken": "bold red", "alternative": "yellow", "untested": "dim"}
LABEL_STYLES: Mapping[str, str] = {"confirmed": "bold", "expected": "green", "obtained": "red", "next": "bold"}
#: For a terminal that has colours: the darker the shade, the warmer.
SHADE_STYLES: Mapping[str, str] = {
    **dict(zip((shade for _, shade in LEVELS), ("green", "cyan", "yellow", "red", "bold red"), strict=True)),
    UNKNOWN: "dim",
}
APART = "   "  # between the arrays of a line


def print_diagnosis(told: Diagnosis, console: Console) -> None:
    """Print it: where, which equation, what instead, the map, the counterexample, and what to do next."""
    put(console, text(console, diagnosis.headline(told), "bold red"))
    put(console, "")
    _put_details(console, diagnosis.places(told))
    if told.equations:
        _put_equations(console, told.equations)
    if told.faults:
        put(console, "")
        _put_details(console, diagnosis.faults(told))
    if told.map is not None:
        _put_map(console, told.map)
    if told.example is not None:
        _put_example(console, told.example)
    put(console, "")
    _put_details(console, diagnosis.ending(told))


def _put_equations(console: Console, equations: Sequence[Equation]) -> None:
    put(console, "")
    put(console, text(console, diagnosis.legend(equations), "dim", MARKS))
    rows = [diagnosis.cells(equation) for equation in equations]
    put_table(console, diagnosis.HEADINGS, rows, [STYLES[equation.status] for equation in equations], MARKS)


def _put_map(console: Console, map_: Map) -> None:
    drawn = shades(map_, width(console))
    put(console, "")
    put(console, text(console, f"where {map_.quantity} goes wrong, {drawn.legend}", "dim", MARKS))
    put(console, text(console, drawn.ticks, "dim"))
    for label, row in drawn.rows:
        marks = (text(console, mark, SHADE_STYLES[mark], MARKS) for mark in row)
        put(console, Text("", no_wrap=True).join([text(console, f"{label}  "), *marks]))


def _put_example(console: Console, example: Example) -> None:
    put(console, "")
    put(console, text(console, diagnosis.example_title(example), "dim"))
    room = width(console) - LABEL - GAP
    arrays = {"goes in": diagnosis.given(example), "between": diagnosis.between(example)}
    lines = [(label, line) for label, items in arrays.items() for line in _flowing(items, room)]
    _put_details(console, [*lines, *diagnosis.outcome(example)])


def _put_details(console: Console, labelled: Iterable[tuple[str, str]]) -> None:
    put(console, details(console, labelled, LABEL_STYLES))


def _flowing(items: Iterable[str], room: int) -> Iterator[str]:
    """Items side by side, as many as fit, none of them broken."""
    line = ""
    for item in items:
        if line and len(line) + len(APART) + len(item) > room:
            yield line
            line = ""
        line += (APART if line else "") + item
    if line:
        yield line
