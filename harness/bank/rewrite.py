"""A wrong version of a line, before it becomes a fault."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from harness.bank.compiled import Edit
from harness.bank.fault import TAPE
from harness.bank.lines import Line
from harness.bank.site import Site
from harness.bank.statements import Statement


class Rewrite(NamedTuple):
    """What becomes of a line, and in words; the fields are those of a `Fault`."""

    equation: str
    quantity: str
    kind: str
    detail: str  #: the last part of the id; may be empty
    sentence: str
    line: str
    source: str
    edits: tuple[Edit, ...]
    value: tuple[Line, ast.expr] | None = (
        None  #: a line, and a value that must have the shape of its own to be admitted
    )
    weak: bool = False


#: A family of faults: every rewrite of its kinds that a function's lines allow.
Family = Callable[[Site], Iterator[Rewrite]]


def valued(line: Line, kind: str, detail: str, value: ast.expr, sentence: str) -> Rewrite:
    """A line with another value."""
    return stated(line, kind, detail, line.statement(value), sentence)._replace(value=(line, value))


def stated(line: Line, kind: str, detail: str, statement: str, sentence: str) -> Rewrite:
    """Another statement in a line's place."""
    edits = (line.edit(statement),)
    return Rewrite(line.tag, line.quantity, kind, detail, sentence, line.text, statement, edits)


def restated(statement: Statement, kind: str, detail: str, text: str, sentence: str) -> Rewrite:
    """Another text of a statement that unpacks an array, or of the head of the loop."""
    edits = (Edit(statement.number, (text,)),)
    equation, source = statement.tag or TAPE, text.removesuffix(" pass")
    return Rewrite(equation, "", kind, detail, sentence, statement.text, source, edits)
