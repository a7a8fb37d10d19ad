"""The casebook as one page that needs no network: what is expected beside what was found, and systems in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.run import Run

from .html.brief import brief, data
from .html.page import page
from .html.tables import Cell, Line, Table, of_texts

#: A title, the columns' headings, and the rows.
Texts = tuple[str, list[str], list[list[str]]]


@dataclass(frozen=True)
class Shown:
    """One candidate in full."""

    title: str
    tables: Sequence[Texts]  #: a question's own numbers beside ours
    runs: Sequence[tuple[str, Run]]  #: a way of judging, in words, and what it found


@dataclass(frozen=True)
class Casebook:
    """What the command found out."""

    title: str  #: in one line
    command: str
    overview: Sequence[Texts]  #: a table per system
    departures: Sequence[str]  #: from what is expected, in words
    story: str = ""  #: a system's own page, where one is shown in full
    shown: Sequence[Shown] = ()


def render(told: Casebook) -> str:
    """The whole page; departures stand first."""
    runs = [
        [(way, brief(run, f"map-{n}-{k}")) for k, (way, run) in enumerate(one.runs)] for n, one in enumerate(told.shown)
    ]
    members = [
        {"title": one.title, "tables": [_table(table) for table in one.tables], "runs": found}
        for one, found in zip(told.shown, runs, strict=True)
    ]
    return page(
        "casebook.html.j2",
        styles=("maps.css",),
        scripts=("maps.js",),
        data=data(found for member in runs for _, found in member),
        told=told,
        title=told.title,
        overview=[_overview(one) for one in told.overview],
        members=members,
    )


def _overview(told: Texts) -> Table:
    """Rows that are as expected and rows that are not can be told apart, and filtered."""
    title, headings, rows = told
    lines = tuple(
        Line(tuple(_cell(heading, text) for heading, text in zip(headings, row, strict=True)), _verdict(row))
        for row in rows
    )
    return Table(title, tuple(headings), lines)


def _cell(heading: str, text: str) -> Cell:
    kind = "code" if heading == "candidate" else "wrap" if heading == "about" else ""
    return Cell(text, kind=kind or ("differ" if text.startswith("✗") else ""))


def _verdict(row: Sequence[str]) -> str:
    return "differ" if any(text.startswith("✗") for text in row) else "agree" if "✓ yes" in row else ""


def _table(told: Texts) -> Table:
    title, headings, rows = told
    return of_texts(title, headings, rows, tuple(headings[1:]))
