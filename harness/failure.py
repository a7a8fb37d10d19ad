"""What a failing test says: the verdict, the worst row, and why in three lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from harness.diagnosed import Diagnosis, Place
from harness.run import Judgement, Row, Run, Source
from reports import words
from reports.terminal import row_text

_CERTAINTIES = ("confirmed", "input", "suspect")


def failure(run: Run) -> str:
    """The text of a run that does not agree; whatever a candidate wrote in it is without control characters."""
    return "\n".join(words.clean(line) for line in _lines(run))


def row_lines(row: Row) -> list[str]:
    """A row of the table in one line, and a line for each of what is to be said of its gates, rows and steps."""
    return [row_text(row), *(f"  {words.clean(told)}" for told in row.words)]


def diagnosis_lines(run: Run) -> list[str]:
    """Why, in three lines: what is broken, where, and what to do next; none without a diagnosis."""
    told = run.diagnosis
    if told is None:
        return []
    lines = [f"diagnosis: {told.sentence}", f"place: {_place(told, run.source)}"]
    return [words.clean(line) for line in (*lines, *([f"next: {told.step}"] if told.step else []))]


def _lines(run: Run) -> Iterator[str]:
    judgement = _worst(run)
    if judgement is None:
        yield "inconclusive: nothing was compared"
        return
    yield f"{run.verdict}: {_case(run, judgement)}{judgement.reason}"
    rows = [row for row in judgement.worst_rows() if row.verdict == run.verdict]
    if rows:
        worst, *others = sorted(rows, key=lambda row: row.rank, reverse=True)
        yield from row_lines(worst)
        if others:
            yield f"  also {run.verdict}: {', '.join(row.array for row in others)}"
    yield from diagnosis_lines(run)


def _worst(run: Run) -> Judgement | None:
    """The first of those with the run's verdict; the given cases before their companions."""
    judged = (*run.judgements, *run.companions)
    return next((judgement for judgement in judged if judgement.verdict == run.verdict), None)


def _case(run: Run, judgement: Judgement) -> str:
    """Which of several it is."""
    if not any(judgement is one for one in run.judgements):  # arrays have no single ==
        return f"companion case {judgement.case.source}: "
    return f"{judgement.case.source}: " if len(run.judgements) > 1 else ""


def _place(told: Diagnosis, source: Source | None) -> str:
    """The most certain place, as FILE:LINE that a terminal opens."""
    if not told.places:
        return "no place was found"
    place = min(told.places, key=lambda place: _CERTAINTIES.index(place.certainty))
    ours = source is not None and Path(source.file).name == place.file  # a place has the file's name alone
    file = _near(source.file) if ours and source is not None else place.file
    return f"{file}:{place.line}  {place.source.strip()}  ({_sure(place)})"


def _near(file: str) -> str:
    """Relative to where the tests were started, if it lies below."""
    near = os.path.relpath(file)
    return file if near.startswith("..") else near


def _sure(place: Place) -> str:
    if place.certainty == "input":
        return f"what it reads as {place.variable} should be {place.should}"
    return f"{place.certainty}: {place.variable} should hold {place.should}" if place.should else place.certainty
