"""Right candidates in several styles of writing, and faults of their lines: what localisation is measured with.

Each folder holds ``program.py``, a right candidate, and ``faults.toml``: a text of the program and what stands in its
place. A fault is beyond the bank where no rule of `harness.bank` makes it from handgrad's own backward.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.programs.source import changed, producers, statements_of

HERE = Path(__file__).parent
#: programs that nobody tunes localisation on: nothing in harness.diagnosis may be changed for the sake of one of them
HELD_OUT = ("lstm_step_functions", "rnn_pullbacks")


@dataclass(frozen=True)
class Fault:
    """One wrong line in an otherwise right program."""

    program: str  #: the folder's name: "lstm_per_step"
    id: str  #: unique within its program
    kind: str  #: the name of one of `harness.bank.fault.KINDS`, or a word of its own where it is beyond the bank
    equations: tuple[str, ...]  #: the tags, in handgrad's source, of what it breaks; "tape": how caches are kept
    find: str  #: stands in the program once
    replace: str
    beyond: bool = False  #: the bank's rules cannot express it
    missing: bool = False  #: one is missing: `culprit` is what wrote its variable before and what reads it after
    culprit: tuple[str, ...] = ()  #: texts of the wrong lines; by default what was changed
    producers: tuple[str, ...] = ()  #: texts of lines that produce its operands, beside those that names show
    calls: Mapping[str, str] = field(default_factory=dict)  #: of its program: what calls of a method look like

    @property
    def name(self) -> str:
        """Unique among all."""
        return f"{self.program}/{self.id}"

    @cached_property
    def source(self) -> str:
        """The faulted program. Raises ValueError where ``find`` does not stand in the program once."""
        right = program(self.program).read_text(encoding="utf-8")
        _once(right, self.find, self.name)
        return right.replace(self.find, self.replace)

    @cached_property
    def lines(self) -> frozenset[int]:
        """The lines, in the faulted program, of the wrong statement; on either side of the gap where it is missing."""
        if not self.culprit:
            at = {changed(program(self.program).read_text(encoding="utf-8"), self.source)}
        else:
            at = {self._line(text) for text in self.culprit}
        return statements_of(self.source, at)

    @cached_property
    def operands(self) -> frozenset[int]:
        """The lines of statements that produce what the wrong statement reads."""
        named = statements_of(self.source, {self._line(text) for text in self.producers})
        return named | producers(self.source, self.lines, self.calls)

    def _line(self, text: str) -> int:
        _once(self.source, text, self.name)
        return self.source[: self.source.index(text) + len(text) - len(text.lstrip())].count("\n") + 1


def _once(source: str, text: str, name: str) -> None:
    if source.count(text) != 1:
        raise ValueError(f"{name}: got {source.count(text)} of {text!r}, needs it once; edit its faults.toml")


def names() -> tuple[str, ...]:
    """The programs, by their folders."""
    return tuple(sorted(path.parent.name for path in HERE.glob("*/program.py")))


def program(name: str) -> Path:
    """The right candidate's file."""
    return HERE / name / "program.py"


def faults(name: str) -> tuple[Fault, ...]:
    """The faults of a program, in the order of its file."""
    given = tomllib.loads((HERE / name / "faults.toml").read_text(encoding="utf-8"))
    return tuple(_read(name, given.get("calls", {}), **entry) for entry in given["fault"])


def _read(name: str, calls: Mapping[str, str], equation: str, **given: Any) -> Fault:
    given |= {key: tuple(given.get(key, ())) for key in ("culprit", "producers")}
    return Fault(program=name, equations=tuple(equation.split()), calls=calls, **given)
