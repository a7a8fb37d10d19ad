"""A training on a terminal, or in a log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

from rich.console import Console

from harness.run import Verdict
from harness.trained import Explosion, Trained, Trainee

from . import explosion, training
from .drawing import GAP, LABEL, details, put, put_table, text, unbroken, width
from .side_by_side import beside
from .sparkline import COLUMNS, MARKS, spark
from .terminal import STYLES, print_run

UNCOMPARED_STYLE = "bold"
#: Columns for labels: a task may have labels of its own, and a longer one folds.
MOST = 16
LABEL_STYLES: Mapping[str, str] = {
    "error": "bold red",
    "finding": "bold red",
    "warning": "yellow",
    "first": "bold",
    "cure": "green",
}


def print_trained(trained: Trained, console: Console) -> None:
    """Print it: the verdict, several trainees side by side, then each in full."""
    put(console, text(console, training.headline(trained), _style(trained)))
    if interruption := training.interruption(trained):
        put(console, text(console, interruption, "yellow"))
    put(console, text(console, training.subject(trained)))
    _put_table(console, beside(trained))
    for trainee in trained.trainees:
        put(console, "")
        _put_trainee(trained, trainee, console)
    put(console, "")
    _put_details(console, training.closing(trained))
    if trained.command:
        put(console, unbroken(text(console, "repeat".ljust(LABEL + GAP), "dim"), text(console, trained.command)))


def plain(trained: Trained) -> str:
    """What ``print_trained`` gives a log, as text."""
    file = StringIO()
    print_trained(trained, Console(file=file, force_terminal=False, color_system=None))
    return file.getvalue()


def _style(trained: Trained) -> str:
    claimed = not training.headline(trained).startswith(training.UNCOMPARED)
    return STYLES[trained.verdict] if claimed else UNCOMPARED_STYLE


def _put_trainee(trained: Trained, trainee: Trainee, console: Console) -> None:
    put(console, text(console, trainee.title, "bold"))
    if trainee.series and (line := spark(trainee.series[0], min(COLUMNS, width(console)))):
        put(console, text(console, line, fallback=MARKS))
    _put_details(console, training.facts(trainee))
    _put_table(console, training.figures(trainee))
    if trainee.explosion is not None:
        _put_explosion(console, trainee.explosion)
    if (judgement := training.first_apart(trainee)) is not None and trainee.lockstep is not None:
        put(console, "")
        put(console, text(console, f"update {trainee.lockstep.first}, in full", "bold"))
        print_run(training.run_of(trained, judgement), console)
    if trainee.samples:
        put(console, "")
        _put_details(console, training.samples(trainee))


def _put_explosion(console: Console, told: Explosion) -> None:
    put(console, "")
    put(console, text(console, f"explosion: {explosion.happening(told)}", STYLES["differ"]))
    _put_details(console, explosion.story(told))
    _put_table(console, training.remedies(told))


def _put_table(console: Console, table: training.Table | None) -> None:
    if table is not None:
        put(console, "")
        put(console, text(console, table.title, "dim"))
        headings, rows = _aligned(table)
        put_table(console, headings, rows, [_row_style(row) for row in rows])


def _aligned(table: training.Table) -> tuple[list[str], list[list[str]]]:
    """Numbers to the right, by spaces: which columns hold some is for each report to say."""
    columns = [
        [cell.rjust(max(map(len, column))) for cell in column] if column[0] in training.NUMERIC else list(column)
        for column in zip(table.headings, *table.rows, strict=True)
    ]
    headings, *rows = (list(row) for row in zip(*columns, strict=True))
    return headings, rows


def _row_style(row: Sequence[str]) -> str:
    verdict: Verdict = "differ"
    return STYLES[verdict] if any(cell.startswith("✗") for cell in row[1:]) else ""


def _put_details(console: Console, labelled: Iterable[tuple[str, str]]) -> None:
    """As `drawing.details`, with room for a task's own labels."""
    told = list(labelled)
    widest = min(max([LABEL, *(len(label) for label, _ in told)]), MOST)
    put(console, details(console, told, LABEL_STYLES, widest))
