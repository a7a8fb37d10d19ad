"""The gradient of the summed bias, as it is given to both of a cell's biases."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.bank.compiled import Edit
from harness.bank.reading import tree_of
from harness.bank.rewrite import Rewrite
from harness.bank.site import Site

_COPY = "db.copy()"
#: kind, detail, what stands in place of a copy, sentence
_WRONG = (
    ("zero", "b_ih", "db * (name != 'b_ih')", "db_ih is zero"),
    ("zero", "b_hh", "db * (name != 'b_hh')", "db_hh is zero"),
    ("sign", "b_ih", "db * (-1 if name == 'b_ih' else 1)", "db_ih has the opposite sign"),
    ("sign", "b_hh", "db * (-1 if name == 'b_hh' else 1)", "db_hh has the opposite sign"),
    ("scale", "b_ih", "db * (2 if name == 'b_ih' else 1)", "db_ih is twice what it should be"),
    ("scale", "b_hh", "db * (2 if name == 'b_hh' else 1)", "db_hh is twice what it should be"),
    ("scale", "shared", "db / 2", "db_ih and db_hh are half of db each, as if they shared it"),
    ("accumulation", "one-array", "db", "db_ih and db_hh are one array: what is added to one is added to both"),
)


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Other values in place of the two copies of db."""
    for statement in ast.walk(tree_of(site.function)):
        if isinstance(statement, ast.AugAssign) and _COPY in ast.unparse(statement):
            line = ast.unparse(statement)
            for kind, detail, wrong, sentence in _WRONG:
                source = line.replace(_COPY, wrong)
                edits = (Edit(statement.lineno, (source,)),)
                yield Rewrite("1*b", "db", kind, detail, sentence, line, source, edits)
