"""The run on a terminal, or in a log.

Where there is no terminal the output is plain text, a hundred columns wide, and no table folds: a log has no width to
respect, and a folded name cannot be searched for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from io import StringIO

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console, RenderableType
from rich.segment import Segments
from rich.table import Table
from rich.text import Text

from harness.run import Judgement, Row, Run, Verdict

from . import words

WIDTH = 100
LABEL = 9  # columns for the longest of the labels below the tables
ENOUGH = 10_000  # columns in which to measure how wide a table would like to be

STYLES: Mapping[Verdict, str] = {"agree": "green", "differ": "bold red", "inconclusive": "yellow", "error": "bold red"}
LABEL_STYLES: Mapping[str, str] = {"error": "red", "finding": "yellow"}

#: What stands in for a character that the output's encoding does not have.
FALLBACK: Mapping[str, str] = {
    "Σ": "sum", "Δ": "D", "✓": "+", "✗": "X", "·": "|", "–": "-", "—": "-", "−": "-", "÷": "/", "×": "x", "…": "...",
}  # fmt: skip

#: Rich's own substitute for a box without line drawing puts bars between the columns, with no space beside them.
ASCII_HEAD = Box("\n".join(["    ", "    ", " -- ", *5 * ["    "]]), ascii=True)


def stdout() -> Console:
    """Standard output, with Rich's own guesses at numbers and paths left out."""
    return Console(highlight=False, markup=False, emoji=False)


def print_run(run: Run, console: Console, verbose: bool = False) -> None:
    """Print the run: its judgement in full; of several a line each, and only the worst in full unless ``verbose``."""
    run = words.told(run)
    shown = run.judgements if verbose else words.worst_judgements(run)
    if len(run.judgements) != 1:
        _put_summary(run, console, len(shown))
    for judgement in shown:
        if len(run.judgements) != 1:
            _put(console, "")
            _put(console, _text(console, words.case_name(judgement), "bold"))
        _put_judgement(words.alone(run, judgement), judgement, console, verbose)
    if run.command:
        _put(console, _unbroken(_text(console, "repeat".ljust(LABEL + 2), "dim"), _text(console, run.command)))


def print_tables(
    title: str, tables: Iterable[tuple[str, Sequence[str], Sequence[Sequence[str]]]], console: Console
) -> None:
    """Print a line, and tables of a title, headings and rows each."""
    _put(console, _text(console, title, "bold"))
    for name, headings, rows in tables:
        _put(console, "")
        _put(console, _text(console, name, "dim"))
        _put_table(console, headings, rows, ["agree"] * len(rows))


def plain(run: Run, verbose: bool = False) -> str:
    """What ``print_run`` gives a log, as text."""
    file = StringIO()
    print_run(run, Console(file=file, force_terminal=False, color_system=None), verbose)
    return file.getvalue()


def row_text(row: Row) -> str:
    """A row in one line, with what its numbers are: ``✗ differ W_hh: Σ Δ +0.1205, Σ|Δ| 3.417, … against torch``."""
    array, *told, verdict, reference = words.cells(row)
    named = (f"{heading} {text}" for heading, text in zip(words.HEADINGS[1:-2], told, strict=True) if text)
    return words.clean(f"{verdict} {array}: {', '.join(named)}, against {reference}".replace("÷\n", "÷ "))


def _put_summary(run: Run, console: Console, shown: int) -> None:
    style = STYLES[run.verdict] if run.judgements else STYLES["inconclusive"]
    _put(console, _text(console, words.of_several(run, shown), style))
    if run.judgements:
        verdicts = [judgement.verdict for judgement in run.judgements]
        _put_table(console, words.SUMMARY_HEADINGS, words.summary(run), verdicts)


def _put_judgement(run: Run, judgement: Judgement, console: Console, verbose: bool) -> None:
    _put(console, _text(console, words.headline(judgement), STYLES[judgement.verdict]))
    _put(console, _text(console, f"{words.forward(judgement)} · {words.agreement(run)}"))
    if any(row.verdict != "agree" for row in judgement.forward):
        _put_rows(console, "forward", judgement.forward)
    _put_rows(console, "gradients", judgement.rows if verbose else judgement.worst_rows())
    _put(console, "")
    _put(console, _details(console, words.details(run, judgement)))


def _put_rows(console: Console, title: str, rows: Sequence[Row]) -> None:
    if rows:
        _put(console, "")
        _put(console, _text(console, f"{title}: {words.LEGEND}", "dim"))
        _put_table(console, words.HEADINGS, [words.cells(row) for row in rows], [row.verdict for row in rows])


def _put_table(
    console: Console, headings: Sequence[str], rows: Collection[Sequence[str]], verdicts: Sequence[Verdict]
) -> None:
    """Two spaces between the columns, or one where two do not fit."""
    roomy, tight = (_table(console, headings, rows, verdicts, padding) for padding in (1, 0))
    width = _width(console)
    table = roomy if _natural_width(console, roomy) <= width else tight
    _put(console, table, width if console.file.isatty() else max(width, _natural_width(console, table)))


def _table(
    console: Console,
    headings: Sequence[str],
    rows: Collection[Sequence[str]],
    verdicts: Sequence[Verdict],
    padding: int,
) -> Table:
    box = ASCII_HEAD if console.options.ascii_only else SIMPLE_HEAD
    table = Table(box=box, show_edge=False, padding=(0, padding, 0, 0), pad_edge=False)
    for heading in headings:
        text = Text("\n").join(_text(console, line) for line in heading.split("\n"))
        number = heading in words.NUMERIC
        table.add_column(text, justify="right" if number else "left", overflow="fold", vertical="bottom")
    for row, verdict in zip(rows, verdicts, strict=True):
        table.add_row(*(_text(console, cell) for cell in row), style="" if verdict == "agree" else STYLES[verdict])
    return table


def _details(console: Console, labelled: Iterator[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=LABEL, style="dim")
    grid.add_column(overflow="fold")
    before = ""
    for label, text in labelled:
        shown = _text(console, text, LABEL_STYLES.get(label, ""))
        grid.add_row(_text(console, "" if label == before else label), shown)
        before = label
    return grid


def _text(console: Console, text: str, style: str = "") -> Text:
    """Text that is never read as markup and that the output can encode."""
    return Text(speakable(words.clean(text), console.encoding), style)


def _unbroken(*texts: Text) -> Text:
    """One line however long: a command must survive being copied."""
    return Text(overflow="ignore", no_wrap=True).join(texts)


def speakable(text: str, encoding: str) -> str:
    """The text in characters that ``encoding`` has, symbols by their equivalents."""
    return "".join(_speakable(character, encoding) for character in text)


def _speakable(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return FALLBACK.get(character, character.encode("ascii", "backslashreplace").decode())
    return character


def _put(console: Console, renderable: RenderableType, width: int | None = None) -> None:
    """Print at a width of our own choice, which Rich's own ``width`` cannot make larger than it believes in."""
    options = console.options.update(width=width or _width(console))
    console.print(Segments(console.render(renderable, options)), crop=False, end="")


def _width(console: Console) -> int:
    return console.width if console.file.isatty() else WIDTH


def _natural_width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=ENOUGH)).maximum
