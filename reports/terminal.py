"""The run on a terminal, or in a log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

from rich.console import Console

from harness.diagnosed import Diagnosis
from harness.run import Judgement, Row, Run, Verdict

from . import words
from .diagnosis_drawn import print_diagnosis
from .drawing import LABEL, WIDTH, details, put, put_table, speakable, stdout, text, unbroken

__all__ = [
    "WIDTH",
    "plain",
    "plain_diagnosis",
    "print_diagnosis",
    "print_offer",
    "print_run",
    "print_tables",
    "row_text",
    "speakable",
    "stdout",
]

STYLES: Mapping[Verdict, str] = {"agree": "green", "differ": "bold red", "inconclusive": "yellow", "error": "bold red"}


def print_run(run: Run, console: Console, verbose: bool = False) -> None:
    """Print the run: its judgement in full; of several a line each, and only the worst in full unless ``verbose``."""
    run = words.told(run)
    shown = run.judgements if verbose else words.worst_judgements(run)
    if len(run.judgements) != 1:
        _put_summary(run, console, len(shown))
    for judgement in shown:
        if len(run.judgements) != 1:
            put(console, "")
            put(console, text(console, words.case_name(judgement), "bold"))
        _put_judgement(words.alone(run, judgement), judgement, console, verbose)
    if run.command:
        _put_command(console, "repeat", run.command)
    if run.diagnosis is not None:
        put(console, "")
        print_diagnosis(run.diagnosis, console)


def print_offer(command: str, console: Console) -> None:
    """Print what says why it differs."""
    _put_command(console, "diagnose", command)


def print_tables(
    title: str, tables: Iterable[tuple[str, Sequence[str], Sequence[Sequence[str]]]], console: Console
) -> None:
    """Print a line, and tables of a title, headings and rows each."""
    put(console, text(console, title, "bold"))
    for name, headings, rows in tables:
        put(console, "")
        put(console, text(console, name, "dim"))
        put_table(console, headings, rows, [""] * len(rows))


def plain(run: Run, verbose: bool = False) -> str:
    """What ``print_run`` gives a log, as text."""
    file = StringIO()
    print_run(run, _log(file), verbose)
    return file.getvalue()


def plain_diagnosis(told: Diagnosis) -> str:
    """What ``print_diagnosis`` gives a log, as text."""
    file = StringIO()
    print_diagnosis(told, _log(file))
    return file.getvalue()


def row_text(row: Row) -> str:
    """A row in one line, with what its numbers are: ``✗ differ W_hh: Σ Δ +0.1205, Σ|Δ| 3.417, … against torch``."""
    array, *told, verdict, reference = words.cells(row)
    named = (f"{heading} {text}" for heading, text in zip(words.HEADINGS[1:-2], told, strict=True) if text)
    return words.clean(f"{verdict} {array}: {', '.join(named)}, against {reference}".replace("÷\n", "÷ "))


def _put_summary(run: Run, console: Console, shown: int) -> None:
    style = STYLES[run.verdict] if run.judgements else STYLES["inconclusive"]
    put(console, text(console, words.of_several(run, shown), style))
    if run.judgements:
        styles = [_row_style(judgement.verdict) for judgement in run.judgements]
        put_table(console, words.SUMMARY_HEADINGS, words.summary(run), styles)


def _put_judgement(run: Run, judgement: Judgement, console: Console, verbose: bool) -> None:
    put(console, text(console, words.headline(judgement), STYLES[judgement.verdict]))
    put(console, text(console, f"{words.forward(judgement)} · {words.agreement(run)}"))
    if any(row.verdict != "agree" for row in judgement.forward):
        _put_rows(console, "forward", judgement.forward)
    _put_rows(console, "gradients", judgement.rows if verbose else judgement.worst_rows())
    put(console, "")
    put(console, details(console, words.details(run, judgement)))


def _put_rows(console: Console, title: str, rows: Sequence[Row]) -> None:
    if rows:
        put(console, "")
        put(console, text(console, f"{title}: {words.LEGEND}", "dim"))
        styles = [_row_style(row.verdict) for row in rows]
        put_table(console, words.HEADINGS, [words.cells(row) for row in rows], styles)


def _put_command(console: Console, label: str, command: str) -> None:
    put(console, unbroken(text(console, label.ljust(LABEL + 2), "dim"), text(console, command)))


def _log(file: StringIO) -> Console:
    return Console(file=file, force_terminal=False, color_system=None)


def _row_style(verdict: Verdict) -> str:
    return "" if verdict == "agree" else STYLES[verdict]
