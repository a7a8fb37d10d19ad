"""One quantity read in place of another of the same shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.bank.activations import before_activation
from harness.bank.carried import live
from harness.bank.lines import Line
from harness.bank.notation import noun, rearranged, slug, symbols
from harness.bank.rewrite import Rewrite, valued
from harness.bank.site import Operand, Site
from harness.bank.trees import everywhere, form, root, substituted

_STATES = ("T+1", "B", "H")
_STEPS = ("T", "B", "H")


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every array that a line reads replaced by every other one of its shape and role, everywhere and once."""
    for line in site.lines:
        for operand in site.operands(line):
            for other in _others(site, line, operand):
                yield from _swaps(site, line, operand, form(other))


def _swaps(site: Site, line: Line, operand: Operand, other: ast.expr) -> Iterator[Rewrite]:
    old, new = symbols(site, operand.node), symbols(site, other)
    places = [node for node in ast.walk(line.value) if isinstance(node, ast.expr) and ast.unparse(node) == operand.text]
    changed = everywhere(line.value, operand.node, other)
    yield valued(line, "wrong-variable", slug(f"{old}-{new}"), changed, f"{noun(line)} reads {new} in place of {old}")
    for k, place in enumerate(places if len(places) > 1 else ()):
        around = _around(line.value, place)
        if place is around.right and ast.unparse(around.left) == operand.text:  # a square: the other place is the same
            continue
        wrong = symbols(site, substituted(around, place, other))
        sentence = f"{noun(line)} has {wrong} in place of {symbols(site, around)}"
        once = substituted(line.value, place, other)
        yield valued(line, "wrong-variable", slug(f"{old}-{new}-{k + 1}"), once, sentence)


def _around(tree: ast.expr, place: ast.expr) -> ast.BinOp:
    return next(node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and place in (node.left, node.right))


def _others(site: Site, line: Line, operand: Operand) -> Iterator[str]:
    if line.in_loop:
        yield from _in_loop(site, line, operand)
    elif operand.name in site.helpers:
        yield from _rows(site, operand)
    elif operand.name == "final":
        keys = site.values["final"]
        yield from (f"final[{key!r}]" for key in keys if f"final[{key!r}]" != operand.text)
        yield "G[-1]"
    elif isinstance(operand.node, ast.Name):
        yield from _same_axes(site, line, operand)


def _in_loop(site: Site, line: Line, operand: Operand) -> Iterator[str]:
    if operand.axes != ("B", "H"):
        return
    if operand.name in site.adjoints:
        yield from (other for other in live(site, line) if other != operand.text)
        return
    missing = before_activation(site, operand.text)
    for name in forward(site):
        if name == operand.name:
            continue
        for index in ("t", "t + 1") if site.axes(name) == _STATES else ("t",):
            if f"{name}[{index}]" != missing:
                yield f"{name}[{index}]"


def forward(site: Site) -> tuple[str, ...]:
    """The gates and states that the tape keeps, by their local names."""
    found = (name for name in site.values if site.axes(name) in (_STATES, _STEPS) and name not in site.adjoints)
    return tuple(name for name in found if name != "slope")  # of all steps at once: backward's own


def _rows(site: Site, operand: Operand) -> Iterator[str]:
    """Rows of another quantity: ``c[:-1].reshape(T * B, H)`` for ``h[:-1].reshape(T * B, H)``."""
    helper = site.helpers[operand.name]
    array = rearranged(helper)
    if root(array) in site.adjoints or root(array) not in forward(site):
        return
    for name in forward(site):
        if name != root(array):
            other = form(f"{name}[:-1]" if site.axes(name) == _STATES else name)
            yield ast.unparse(substituted(helper, array, other))


def _same_axes(site: Site, line: Line, operand: Operand) -> Iterator[str]:
    adjoint = operand.name in site.adjoints
    later = {other.quantity for other in site.lines if other.number >= line.number}  # not yet computed
    read = [other for other in site.operands(line) if other.axes == operand.axes]
    known = [site.values[other.name] for other in read]  # one array may have several names
    yield from (other.text for other in read if other.text != operand.text)
    for name, value in site.values.items():
        if name.startswith("_") or site.axes(name) != operand.axes or (name in site.adjoints) != adjoint:
            continue
        if name not in later and not any(value is seen for seen in known):
            known.append(value)
            yield name
