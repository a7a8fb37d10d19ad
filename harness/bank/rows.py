"""Sums over the T·B rows of all steps and batch entries, and which axes and rows they are over."""

from __future__ import annotations

import ast

from harness.bank.lines import Line
from harness.bank.site import Site
from harness.bank.trees import form, replaced

#: what an average may be over: name, divisor
AXES = (("T", "T"), ("B", "B"), ("T·B", "(T * B)"))


def arrays_of_rows(site: Site, value: ast.expr) -> tuple[ast.Name, ...]:
    """The names of arrays of rows in an expression, from left to right."""
    nodes = (node for node in ast.walk(value) if isinstance(node, ast.Name) and site.axes(node)[:1] == ("TB",))
    return tuple(nodes)


def sums_rows(site: Site, line: Line) -> bool:
    """Whether a line sums over all rows."""
    return bool(arrays_of_rows(site, line.value)) and "TB" not in site.axes(line.value)


def each_row(site: Site, value: ast.expr, pattern: str) -> ast.expr:
    """``value`` with ``pattern`` in place of every array of rows V."""
    found = arrays_of_rows(site, value)

    def swap(node: ast.AST) -> ast.expr | None:
        return form(pattern, V=node, T=site.T, B=site.B) if isinstance(node, ast.Name) and node in found else None

    return replaced(value, swap)
