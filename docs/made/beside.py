"""Equations beside the lines that compute them, from a module's own docstring and source."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

#: "(2*k)  da_k = …" and every further one on the same line, behind two blanks
EQUATION = re.compile(r"\((\d(?:\*\w?)?)\)\s+(\S.*?)(?=\s{2,}\(\d|\s*$)", re.MULTILINE)
#: the number at the end of a line of code: "# B H   (5*h)"
_TAG = re.compile(r"#.*?\((\d(?:\*\w?)?)\)")
#: a comment at the end of a line
_TRAILING = re.compile(r"\s*#.*$")
_GATES = re.compile(r"\s+for k = ([\w, ]+)$")


def equations(source: str) -> list[tuple[str, str]]:
    """The numbered equations of a module's docstring, in order: ("5*h", "dh = G_t + dh_next")."""
    return [(tag, " ".join(text.split())) for tag, text in _numbered(source)]


def _numbered(source: str) -> list[tuple[str, str]]:
    return EQUATION.findall(source.split('"""')[1])


def lines(source: str) -> dict[str, list[tuple[int, str]]]:
    """Tag → the lines of code that carry it, each with its number in the file."""
    found: dict[str, list[tuple[int, str]]] = {}
    body = source.split('"""', 2)[2]
    first = source[: len(source) - len(body)].count("\n") + 1
    for number, line in enumerate(body.splitlines(), first):
        for tag in _TAG.findall(line):
            found.setdefault(tag, []).append((number, line.strip()))
    return found


def table(root: Path, path: str) -> str:
    """A table of a module's equations: each with its number, and beneath it the lines of code that compute it."""
    source = (root / path).read_text(encoding="utf-8")
    coded = lines(source)
    rows = [_row(tag, text, found) for tag, text in _numbered(source) if (found := _coded(tag, text, coded))]
    return "\n".join(['<div class="beside">', "<table>", "<tbody>", *rows, "</tbody>", "</table>", "</div>"])


def _coded(tag: str, text: str, coded: dict[str, list[tuple[int, str]]]) -> list[tuple[int, str]]:
    """The lines of an equation; of one that stands for several gates, the lines of each."""
    gates = _GATES.search(text)
    tags = [tag] if gates is None else [tag.replace("k", gate) for gate in gates[1].split(", ")]
    return [one for each in tags for one in coded.get(each, [])]


def _row(tag: str, text: str, found: list[tuple[int, str]]) -> str:
    code = "".join(
        f"<br><small>{number}</small> <code>{escape(_TRAILING.sub('', line))}</code>" for number, line in found
    )
    return f"<tr><td>({tag})</td><td>{escape(text)}{code}</td></tr>"
