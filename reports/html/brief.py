"""A run told in brief, as one part of a larger page: what Markdown tells, as tables and lists of the page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.diagnosed import Diagnosis
from harness.run import Judgement, Run, Verdict
from reports import diagnosis, words
from reports.html import maps, told
from reports.html.maps import HeatMap
from reports.html.tables import Table

Labelled = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Why:
    """A diagnosis."""

    headline: str
    places: Labelled
    equations: Table | None
    rest: Labelled  #: faults, the smallest counterexample, and what is said at the end
    test: str


@dataclass(frozen=True)
class Brief:
    """A run, its worst judgement in full."""

    headline: str
    verdict: Verdict | None
    lines: tuple[str, ...]
    tables: tuple[Table, ...]
    details: Labelled
    command: str
    diagnosis: Why | None
    maps: tuple[HeatMap, ...] = ()
    id: str = ""  #: what its maps are called by on the page


def brief(run: Run, id: str) -> Brief:  # noqa: A002 - it is HTML's own word
    """The judgement in full, or a line for each of several and the worst of them in full; ``id`` is its own."""
    run = words.told(run)
    shown = words.worst_judgements(run)
    if not shown:
        return Brief(words.of_several(run, 0), None, (), (), (), run.command, None)
    (one,) = shown
    of_it = words.alone(run, one)
    several = len(run.judgements) > 1
    lines = [*([words.of_several(run, 1)] if several else []), f"{words.forward(one)} · {words.agreement(of_it)}"]
    tables = [told.summary("cases", run)] if several else []
    return Brief(
        headline=words.headline(one),
        verdict=one.verdict,
        lines=tuple(lines),
        tables=(*tables, *_judgement(one)),
        details=tuple(words.details(of_it, one)),
        command=run.command,
        diagnosis=why(run.diagnosis) if run.diagnosis is not None else None,
        maps=maps.of_judgement(one),
        id=id,
    )


def data(briefs: Iterable[Brief]) -> dict[str, Any]:
    """What the script reads of all maps of a page."""
    return {"maps": {f"{one.id}-{n}": drawn.data for one in briefs for n, drawn in enumerate(one.maps)}}


def why(found: Diagnosis) -> Why:
    """A diagnosis, in the order in which every report tells it."""
    rest = [*diagnosis.faults(found)]
    if (example := found.example) is not None:
        rest += [("example", diagnosis.example_title(example))]
        rest += [("goes in", one) for one in diagnosis.given(example)]
        rest += [("between", one) for one in diagnosis.between(example)]
        rest += [*diagnosis.outcome(example)]
    rest += [*diagnosis.ending(found)]
    equations = told.equations(found) if found.equations else None
    test = example.test if example is not None else ""
    return Why(diagnosis.headline(found), tuple(diagnosis.places(found)), equations, tuple(rest), test)


def _judgement(one: Judgement) -> Iterator[Table]:
    if any(row.verdict != "agree" for row in one.forward):
        yield told.rows("forward", one.forward)
    if one.rows:
        yield told.rows("gradients", told.worst_first(one.worst_rows()))


def wrapped(table: Table, headings: Collection[str]) -> Table:
    """The table with the texts of these columns in as many lines as they need."""
    long = {k for k, heading in enumerate(table.headings) if heading in headings}
    lines = tuple(
        replace(
            line, cells=tuple(replace(cell, kind="wrap") if k in long else cell for k, cell in enumerate(line.cells))
        )
        for line in table.lines
    )
    return replace(table, lines=lines)
