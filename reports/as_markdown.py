"""The run as GitHub-flavoured Markdown: what the terminal shows, for an issue or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape as escape_html

from harness.diagnosed import Diagnosis, Example, Map
from harness.run import Judgement, Row, Run

from . import diagnosis, words
from .shades import shades

SUFFIXES = (".md",)

#: Of a map.
COLUMNS = 100

#: What could start a construct in the middle of a line, and what a forge makes a link of.
SPECIAL = re.compile(r"[\\`*_\[\]|~$]")
LINKING = re.compile(r"[@#]|:(?=//)")


def render(run: Run) -> str:
    """The judgement in full, or a line for each of several and the worst of them in full."""
    return "\n".join(_lines(run))


def escape(text: str) -> str:
    """The text such that Markdown shows its characters: no markup, no HTML, no new cell, no link, nobody called."""
    harmless = SPECIAL.sub(r"\\\g<0>", escape_html(words.clean(text), quote=False))
    # Forges link what they have already unescaped, so only something in between helps: a space of no width.
    return LINKING.sub(r"\g<0>&#8203;", harmless)


def _lines(run: Run) -> Iterator[str]:
    run = words.told(run)
    shown = words.worst_judgements(run)
    if len(run.judgements) != 1:
        yield f"## {escape(words.of_several(run, len(shown)))}\n"
    if len(run.judgements) > 1:
        yield from table(words.SUMMARY_HEADINGS, words.summary(run))
    for judgement in shown:
        yield from _judgement(words.alone(run, judgement), judgement)
    if run.command:
        # An indented block is one line in which nothing needs escaping, and which nothing in the line can close.
        yield f"\n**repeat**:\n\n    {words.clean(run.command)}\n"
    if run.diagnosis is not None:
        yield from _diagnosis(run.diagnosis)


def _judgement(run: Run, judgement: Judgement) -> Iterator[str]:
    yield f"## {escape(words.headline(judgement))}\n"
    yield f"{escape(words.forward(judgement))} · {escape(words.agreement(run))}\n"
    if any(row.verdict != "agree" for row in judgement.forward):
        yield from _rows("forward", judgement.forward)
    yield from _rows("gradients", judgement.worst_rows())
    yield from (f"- **{label}**: {escape(text)}" for label, text in words.details(run, judgement))


def _rows(title: str, rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        yield f"**{title}**: {words.LEGEND}\n"
        yield from table(words.HEADINGS, map(words.cells, rows))


def _diagnosis(told: Diagnosis) -> Iterator[str]:
    yield f"## {escape(diagnosis.headline(told))}\n"
    yield from _list(diagnosis.places(told))
    if told.equations:
        yield f"**{escape(diagnosis.legend(told.equations))}**\n"
        yield from table(diagnosis.HEADINGS, map(diagnosis.cells, told.equations))
    if told.faults:
        yield from _list(diagnosis.faults(told))
    if told.map is not None:
        yield from _map(told.map)
    if told.example is not None:
        yield from _example(told.example)
    yield from _list(diagnosis.ending(told))


def _map(map_: Map) -> Iterator[str]:
    drawn = shades(map_, COLUMNS)
    yield f"**where {escape(map_.quantity)} goes wrong**, {escape(drawn.legend)}\n"
    yield from (f"    {words.clean(line)}" for line in (drawn.ticks, *("  ".join(row) for row in drawn.rows)))
    yield ""


def _example(example: Example) -> Iterator[str]:
    yield f"**{escape(diagnosis.example_title(example))}**\n"
    arrays = {"goes in": diagnosis.given(example), "between": diagnosis.between(example)}
    told = [(label, "; ".join(items)) for label, items in arrays.items() if items]
    yield from _list([*told, *diagnosis.outcome(example)])


def _list(labelled: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What is indented on a terminal is a line of the same item here."""
    item = ""
    for label, text in labelled:
        if item and text.startswith(diagnosis.INDENT):
            item += f"<br>{escape(text.strip())}"
            continue
        yield from [item] if item else []
        item = f"- **{label}**: {escape(text)}"
    yield from [f"{item}\n"] if item else []


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, every text escaped."""
    yield _row(heading.replace("\n", " ") for heading in headings)
    yield _row_of("--:" if heading in words.NUMERIC else "---" for heading in headings)
    yield from map(_row, rows)
    yield ""


def _row(texts: Iterable[str]) -> str:
    return _row_of(map(escape, texts))


def _row_of(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
