"""How things are drawn on a terminal, or in a log: text that is never markup, tables, labelled lines.

Where there is no terminal the output is plain text, a hundred columns wide, and no table folds: a log has no width to
respect, and a folded name cannot be searched for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console, RenderableType
from rich.segment import Segments
from rich.table import Table
from rich.text import Text

from . import words

WIDTH = 100
LABEL = 9  # columns for the longest of the labels below the tables
GAP = 2  # columns between a label and its text
ENOUGH = 10_000  # columns in which to measure how wide a table would like to be

LABEL_STYLES: Mapping[str, str] = {"error": "red", "finding": "yellow"}

#: What stands in for a character that the output's encoding does not have.
FALLBACK: Mapping[str, str] = {
    "Σ": "sum", "Δ": "D", "✓": "+", "✗": "X", "·": "|", "–": "-", "—": "-", "−": "-", "÷": "/", "×": "x", "…": "...",
    "⊙": "*", "ᵀ": ".T", "²": "^2", "½": "1/2", "σ": "sigma", "φ": "phi", "∂": "d", "∞": "inf", "→": "->", "≤": "<=",
}  # fmt: skip

#: Where a dot and shades are marks, and no separators.
MARKS: Mapping[str, str] = {**FALLBACK, "·": ".", "░": ":", "▒": "+", "▓": "x", "█": "#"}

#: Rich's own substitute for a box without line drawing puts bars between the columns, with no space beside them.
ASCII_HEAD = Box("\n".join(["    ", "    ", " -- ", *5 * ["    "]]), ascii=True)


def stdout() -> Console:
    """Standard output, with Rich's own guesses at numbers and paths left out."""
    return Console(highlight=False, markup=False, emoji=False)


def text(console: Console, told: str, style: str = "", fallback: Mapping[str, str] = FALLBACK) -> Text:
    """Text that is never read as markup and that the output can encode."""
    return Text(speakable(words.clean(told), console.encoding, fallback), style)


def unbroken(*texts: Text) -> Text:
    """One line however long: a command must survive being copied."""
    return Text(overflow="ignore", no_wrap=True).join(texts)


def speakable(told: str, encoding: str, fallback: Mapping[str, str] = FALLBACK) -> str:
    """The text in characters that ``encoding`` has, symbols by their equivalents."""
    return "".join(_speakable(character, encoding, fallback) for character in told)


def _speakable(character: str, encoding: str, fallback: Mapping[str, str]) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return fallback.get(character, character.encode("ascii", "backslashreplace").decode())
    return character


def put(console: Console, renderable: RenderableType, columns: int | None = None) -> None:
    """Print at a width of our own choice, which Rich's own ``width`` cannot make larger than it believes in."""
    options = console.options.update(width=columns or width(console))
    console.print(Segments(console.render(renderable, options)), crop=False, end="")


def width(console: Console) -> int:
    """How many columns there are."""
    return console.width if console.file.isatty() else WIDTH


def put_table(
    console: Console,
    headings: Sequence[str],
    rows: Collection[Sequence[str]],
    styles: Sequence[str],
    fallback: Mapping[str, str] = FALLBACK,
) -> None:
    """A style per row; two spaces between the columns, or one where two do not fit."""
    roomy, tight = (_table(console, headings, rows, styles, padding, fallback) for padding in (1, 0))
    columns = width(console)
    table = roomy if _natural_width(console, roomy) <= columns else tight
    put(console, table, columns if console.file.isatty() else max(columns, _natural_width(console, table)))


def _table(
    console: Console,
    headings: Sequence[str],
    rows: Collection[Sequence[str]],
    styles: Sequence[str],
    padding: int,
    fallback: Mapping[str, str],
) -> Table:
    box = ASCII_HEAD if console.options.ascii_only else SIMPLE_HEAD
    table = Table(box=box, show_edge=False, padding=(0, padding, 0, 0), pad_edge=False)
    for heading in headings:
        told = Text("\n").join(text(console, line) for line in heading.split("\n"))
        number = heading in words.NUMERIC
        table.add_column(told, justify="right" if number else "left", overflow="fold", vertical="bottom")
    for row, style in zip(rows, styles, strict=True):
        table.add_row(*(text(console, cell, fallback=fallback) for cell in row), style=style)
    return table


def details(
    console: Console,
    labelled: Iterable[tuple[str, str]],
    styles: Mapping[str, str] = LABEL_STYLES,
    label_width: int = LABEL,
) -> Table:
    """A label and its text each; a label is not repeated, and its texts have the style that it names."""
    grid = Table.grid(padding=(0, GAP, 0, 0))
    grid.add_column(width=label_width, style="dim", overflow="fold")
    grid.add_column(overflow="fold")
    before = ""
    for label, told in labelled:
        shown = text(console, told, styles.get(label, ""))
        grid.add_row(text(console, "" if label == before else label), shown)
        before = label
    return grid


def _natural_width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=ENOUGH)).maximum
