"""What the page of a run says, taken from what all reports say, and arranged for reading on a screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite, isnan
from typing import Any, NamedTuple

from harness.diagnosed import Diagnosis, Equation
from harness.run import VERDICTS, Judgement, Participant, Row, Run
from reports import diagnosis, numbers, words

from .tables import Cell, Line, Table, without_empty

#: What `words.details` says of a judgement that belongs to the end of the page.
LAST = frozenset({"candidate", "case", "ran on"})


class Item(NamedTuple):
    """A label, a line, and lines that continue it."""

    label: str
    head: str
    more: tuple[str, ...] = ()


def grouped(labelled: Iterable[tuple[str, str]]) -> list[Item]:
    """Labels and texts; what is indented on a terminal belongs to the line above it."""
    items: list[Item] = []
    for label, text in labelled:
        if items and text.startswith(diagnosis.INDENT):
            items[-1] = items[-1]._replace(more=(*items[-1].more, text.strip()))
        else:
            items.append(Item(label, text))
    return items


def offer(run: Run) -> str:
    """The command that asks why; empty where it was asked, or nothing differs."""
    asked = run.diagnosis is not None or "--diagnose" in run.command or "--write-test" in run.command
    able = " -m harness compare" in run.command or " -m harness casebook " in run.command
    impossible = "--gradients" in run.command
    return "" if run.verdict != "differ" or asked or not able or impossible else f"{run.command} --diagnose"


def worst_first(rows: Sequence[Row]) -> list[Row]:
    """By verdict, then by error ÷ budget; NaN is the worst."""
    return sorted(rows, key=lambda row: row.rank, reverse=True)


def rows(title: str, told: Sequence[Row]) -> Table:
    """A row each, as in every report, with Σ Δ and Σ|Δ| as bars on one scale."""
    peak = max((row.total_abs for row in told if isfinite(row.total_abs)), default=0.0)
    lines = tuple(Line(tuple(_cells(row, peak)), row.verdict) for row in told)
    headings = tuple(heading.replace("\n", " ") for heading in words.HEADINGS)
    numeric = frozenset(k for k, heading in enumerate(words.HEADINGS) if heading in words.NUMERIC)
    return Table(title, headings, lines, numeric, words.LEGEND)


def _cells(row: Row, peak: float) -> Iterator[Cell]:
    keys = {1: row.total, 2: row.total_abs, 3: row.max_abs, 5: row.relative, 6: row.ulp, 7: row.ratio}
    keys[8] = float(VERDICTS.index(row.verdict))
    bars = {1: row.total, 2: row.total_abs}
    kinds = {0: "code", 4: "code", 8: f"verdict {row.verdict}"}
    for k, text in enumerate(words.cells(row)):
        bar = _share(bars[k], peak) if k in bars else None
        yield Cell(text, keys.get(k), kinds.get(k, ""), bar, signed=k == 1)


def _share(value: float, peak: float) -> float:
    if isnan(value):
        return 0.0
    return max(min(value / peak, 1.0), -1.0) if peak and isfinite(value) else float((value > 0) - (value < 0))


def summary(title: str, run: Run) -> Table:
    """A line per judgement."""
    lines = tuple(
        Line(
            (Cell(texts[0], float(VERDICTS.index(one.verdict)), f"verdict {one.verdict}"), Cell(texts[1]),
             Cell(texts[2], words.alone(run, one).agreeing / max(len(one.rows), 1)),
             Cell(texts[3], words.alone(run, one).worst_ulp), Cell(texts[4], kind="code")),
            one.verdict,
        )
        for one, texts in zip(run.judgements, words.summary(run), strict=True)
    )  # fmt: skip
    numeric = frozenset(k for k, heading in enumerate(words.SUMMARY_HEADINGS) if heading in words.NUMERIC)
    return Table(title, words.SUMMARY_HEADINGS, lines, numeric)


def participants(judgement: Judgement) -> Table:
    """Who took part, and how each fared; columns that say nothing are left out."""
    headings = ("name", "part", "status", "error ÷ budget", "seconds", "version", "remark")
    lines = tuple(Line(_participant(one)) for one in judgement.participants)
    return without_empty(Table("Who took part", headings, lines, frozenset({3, 4})))


def _participant(one: Participant) -> tuple[Cell, ...]:
    measured = one.status == "judged" and one.role == "reference"
    contradicts = "contradicts truth" if one.role == "reference" and not one.agrees else ""
    remark = "; ".join(part for part in (contradicts, one.reason, one.note) if part)
    return (
        Cell(one.name), Cell(one.role), Cell(one.status, kind="error" if one.status == "error" else ""),
        Cell(numbers.ratio(one.ratio) if measured else "–", one.ratio if measured else -1.0),
        Cell(f"{one.seconds:.3f}" if one.seconds else "–", one.seconds), Cell(one.version), Cell(remark, kind="wrap"),
    )  # fmt: skip


def equations(told: Diagnosis) -> Table:
    """Every equation with its mark and its residual, of those that hold too; columns that say nothing are left out."""
    lines = tuple(Line(_equation(one)) for one in told.equations)
    return without_empty(
        Table("Equations", ("status", "number", "equation", "relative", "where"), lines, frozenset({3}))
    )


def _equation(one: Equation) -> tuple[Cell, ...]:
    mark, tag, text, error, where = diagnosis.cells(one)
    residual = error or ("" if isnan(one.residual) else numbers.amount(one.residual))
    status = list(diagnosis.MARKS).index(one.status)
    key = -1.0 if isnan(one.residual) else one.residual
    return (
        Cell(f"{mark} {diagnosis.MEANING[one.status].partition(' that')[0]}", float(status), f"status {one.status}"),
        Cell(tag, kind="code"), Cell(text, kind="code"), Cell(residual, key), Cell(where, kind="wrap"),
    )  # fmt: skip


def context(run: Run) -> dict[str, Any]:
    """What the head and the end of the page say of the run as a whole."""
    (judgement,) = words.worst_judgements(run) or (None,)
    alone = run if judgement is None else words.alone(run, judgement)
    details = [] if judgement is None else list(words.details(alone, judgement))
    return {
        "judgement": judgement,
        "beside": [one for one in details if one[0] not in LAST],
        "last": [one for one in details if one[0] in LAST],
        "agreement": words.agreement(run),
        "offer": offer(run),
    }
