"""Reports take a run and compute nothing: they only format it.

A module of this package that has ``SUFFIXES`` and ``render(run)`` is a format, found by being there: a new report is
one new file. It may have ``missing()``, which says in one line what it needs and is not installed. Importing the
package imports none of them, so that asking for help costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import PurePath
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from harness.run import Run


class Format(Protocol):
    """What makes a module of this package a format."""

    SUFFIXES: tuple[str, ...]

    def render(self, run: Run) -> str | bytes:
        """The run as text, or as a file's bytes."""


@cache
def formats() -> dict[str, Format]:
    """Every format by its suffix, in alphabetical order."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    found = [cast(Format, module) for module in modules if hasattr(module, "SUFFIXES") and hasattr(module, "render")]
    by_suffix = {suffix: module for module in found for suffix in module.SUFFIXES}
    return {suffix: by_suffix[suffix] for suffix in sorted(by_suffix)}


def suffix_of(name: str | PurePath) -> str:
    """The format's suffix of a file name; ValueError where no format has it, so that it can be refused before a run."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in formats():
        raise ValueError(refusal(str(name), f'suffix "{suffix}"', formats()))
    return suffix


def missing(suffix: str) -> str:
    """Which extra the format of a suffix lacks, and how to get it; empty where it can write."""
    lacks = getattr(formats()[suffix_of(f"report{suffix}")], "missing", None)
    return str(lacks()) if lacks is not None else ""


def render(run: Run, suffix: str) -> str | bytes:
    """The run in the format that ``suffix`` names; a text is always encodable as UTF-8."""
    text = formats()[suffix_of(f"report{suffix}")].render(run)
    if isinstance(text, bytes):
        return text
    # A file name that is not UTF-8 reaches the run as lone surrogates, which no file takes.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def refusal(which: str, got: str, allowed: Iterable[object]) -> str:
    """One line for what is not accepted: which, what it got, what is allowed."""
    return f"{which}: got {got}, allowed: {', '.join(map(str, allowed))}"
