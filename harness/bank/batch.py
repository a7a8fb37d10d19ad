"""Batch entries that get each other's values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.bank.lines import Line
from harness.bank.notation import noun, rearranged, slug, symbols
from harness.bank.rewrite import Rewrite, restated, valued
from harness.bank.site import Site
from harness.bank.statements import unpackings
from harness.bank.trees import everywhere, form, root, substituted

#: detail, V with entries mixed along its axis {b}, what is said of V, what of a line that reads it
_MIXED = (
    ("mean", "wrong.averaged(V, {b})", "is averaged over the batch", "averaged over the batch"),
    (
        "rolled",
        "np.roll(V, 1, axis={b})",
        "of each batch entry is that of the entry before",
        "of the batch entry before",
    ),
    ("reversed", "np.flip(V, {b})", "has the batch in reversed order", "with the batch in reversed order"),
)


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every line whose value has a batch axis, every array of rows that a sum reads, and the tape's gates."""
    for line in site.lines:
        yield from _line(site, line)
        yield from _rows(site, line)
    for statement in unpackings(site.function):
        if root(statement.value) == "gates":
            for detail, mixed, _, words in _MIXED[1:]:
                text = statement.text.replace("gates", ast.unparse(form(mixed.format(b=2), V="gates")), 1)
                yield restated(statement, "mixed-batch", f"gates-{detail}", text, f"all gates are read {words}")


def _line(site: Site, line: Line) -> Iterator[Rewrite]:
    axes = site.axes(line.value)
    for detail, mixed, words, _ in _MIXED:
        if "B" in axes:
            value = form(mixed.format(b=axes.index("B")), V=line.value)
            yield valued(line, "mixed-batch", detail, value, f"{noun(line)} {words}")
        elif axes == ("TB", "D"):
            rows = form(mixed.format(b=1), V=form("V.reshape(T, B, D)", V=line.value))
            value = form("V.reshape(T * B, D)", V=rows)
            yield valued(line, "mixed-batch", detail, value, f"{noun(line)} {words}")


def _rows(site: Site, line: Line) -> Iterator[Rewrite]:
    for operand in site.operands(line):
        helper = site.helpers.get(operand.name)
        if helper is not None and operand.name not in site.adjoints:
            array, name = rearranged(helper), symbols(site, operand.node)
            for detail, mixed, _, words in _MIXED[1:]:
                rows = substituted(helper, array, form(mixed.format(b=1), V=array))
                value = everywhere(line.value, operand.node, rows)
                detail = f"{slug(name)}-{detail}"
                yield valued(line, "mixed-batch", detail, value, f"{noun(line)} reads {name} {words}")
