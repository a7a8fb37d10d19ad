"""The casebook: published systems as candidates that a user could have written, each with what must be found.

A folder per system, with a README in our words, its candidates, and ``expectation.toml``. It is read from where the
package lies, so that it works from any folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.errors import BadInput

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Expected:
    """What must be found of one candidate by one way of judging it."""

    verdict: str
    agree: tuple[str, ...]
    differ: tuple[str, ...]
    findings: tuple[str, ...]  #: names of findings that must be among those found
    forward: str = "agree"  #: whether it computes the function that its layout names


@dataclass(frozen=True)
class Member:
    """One candidate of a system."""

    path: Path
    about: str
    own: Expected  #: by its own forward
    layout: Expected | None  #: by its layout, against truth


@dataclass(frozen=True)
class Entry:
    """A published system."""

    name: str
    folder: Path
    title: str
    question: Mapping[str, Any]  #: its own numbers, where it gave some: a title, and values by array
    members: tuple[Member, ...]
    needs: tuple[str, ...] = ()  #: packages that its candidates import beside NumPy

    @property
    def missing(self) -> str:
        """What must be installed before its candidates can run; empty where nothing is."""
        absent = [name for name in self.needs if find_spec(name) is None]
        return f"{', '.join(absent)} not installed: pip install {' '.join(absent)}" if absent else ""

    @property
    def story(self) -> str:
        """Its README."""
        return (self.folder / "README.md").read_text("utf-8")


@cache
def entries() -> dict[str, Entry]:
    """All of them, by name."""
    found = [_entry(path.parent) for path in sorted(_FOLDER.glob("*/expectation.toml"))]
    return {entry.name: entry for entry in found}


def entry(name: str) -> Entry:
    """One of them. Raises BadInput for a name that there is not."""
    if name not in entries():
        raise BadInput(f"casebook: got {name!r}, allowed: {', '.join(entries())}")
    return entries()[name]


def _entry(folder: Path) -> Entry:
    told = tomllib.loads((folder / "expectation.toml").read_text("utf-8"))
    question, needs = told.pop("question", {}), told.pop("needs", ())
    title = (folder / "README.md").read_text("utf-8").splitlines()[0].removeprefix("# ")
    members = tuple(_member(folder / f"{stem}.py", table) for stem, table in told.items())
    return Entry(folder.name, folder, title, question, members, tuple(needs))


def _member(path: Path, table: Mapping[str, Any]) -> Member:
    own = _expected(table)
    layout = table.get("layout")
    if isinstance(layout, Mapping):
        return Member(path, table["about"], own, _expected({"findings": [], **layout}))
    return Member(path, table["about"], own, own if layout else None)


def _expected(table: Mapping[str, Any]) -> Expected:
    lists = {name: tuple(table[name]) for name in ("agree", "differ", "findings")}
    return Expected(table["verdict"], **lists, forward=table.get("forward", "agree"))
