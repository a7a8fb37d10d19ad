"""The run as GitHub-flavoured Markdown: what the terminal shows, for an issue or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape as escape_html

from harness.run import Judgement, Row, Run

from . import words

SUFFIXES = (".md",)

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
