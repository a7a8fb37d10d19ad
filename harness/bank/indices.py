"""The right quantity at the wrong time step."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from harness.bank.lines import Line
from harness.bank.notation import noun, rearranged, slug, stepped, symbols
from harness.bank.rewrite import Rewrite, restated, stated, valued
from harness.bank.site import Operand, Site
from harness.bank.statements import Statement, unpackings
from harness.bank.trees import everywhere, form, root, substituted


class Step(NamedTuple):
    """A wrong index in the loop over t, clipped to the range of its array, and what is read by it."""

    detail: str
    at: str
    words: str


#: wrong orders of an array V whose first axis is time: detail, expression, how many steps after the right one
_ORDERS = (
    ("earlier", "V[np.maximum(np.arange(T) - 1, 0)]", -1),
    ("later", "V[np.minimum(np.arange(T) + 1, T - 1)]", 1),
    ("reversed", "V[::-1]", 0),
)


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every array with a time axis read, and every one written, at another step than its own."""
    for line in site.lines:
        for operand in site.operands(line):
            if line.in_loop:
                yield from _in_loop(site, line, operand)
            else:
                yield from _whole(site, line, operand)
        if line.in_loop and not line.is_whole:
            yield from _written(line)
    for statement in unpackings(site.function):
        if root(statement.value) == "gates":
            yield from _gates(statement)


def _steps(name: str, offset: int, states: bool) -> Iterator[Step]:
    """``offset`` is 0 for ``v[t]``, 1 for ``v[t + 1]``; index k of a state is the state after step k."""
    own = offset - 1 if states else offset
    earlier = "t" if offset else "max(t - 1, 0)"
    later = "t + 1" if states and not offset else f"min(t + {offset + 1}, {'T' if states else 'T - 1'})"
    right = stepped(name, own)
    yield Step("earlier", earlier, f"{stepped(name, own - 1)} in place of {right}")
    yield Step("later", later, f"{stepped(name, own + 1)} in place of {right}")
    mirrored = "T - 1 - t" if offset == 0 else "T - t"
    yield Step("reversed", mirrored, f"{name} in reversed time")
    yield Step("last", "-1", f"{name} of the last step at every step")
    if states or name == "G":
        words = f"the initial {name}" if states and not offset else f"{name} of the first step"
        yield Step("first", str(offset), f"{words} at every step")


def _in_loop(site: Site, line: Line, operand: Operand) -> Iterator[Rewrite]:
    match operand.node:
        case ast.Subscript(value=ast.Name(name), slice=where) if ast.unparse(where) in ("t", "t + 1"):
            states = site.axes(name)[0] == "T+1"
            for step in _steps(name, 0 if ast.unparse(where) == "t" else 1, states) if not line.is_whole else ():
                changed = everywhere(line.value, operand.node, form(f"{name}[{step.at}]"))
                detail = slug(f"{symbols(site, operand.node)}-{step.detail}")
                yield valued(line, "wrong-index", detail, changed, f"{noun(line)} reads {step.words}")


def _written(line: Line) -> Iterator[Rewrite]:
    if not line.target.endswith("[t]"):
        return
    for detail, index, words in (("earlier", "max(t - 1, 0)", "before"), ("later", "min(t + 1, T - 1)", "after")):
        statement = line.text.replace(line.target, f"{line.root}[{index}]", 1)
        sentence = f"{noun(line)} is written at the step {words} the one that it belongs to"
        yield stated(line, "wrong-index", f"written-{detail}", statement, sentence)


def _whole(site: Site, line: Line, operand: Operand) -> Iterator[Rewrite]:
    """An array of all steps, or its rows, in another order of time."""
    helper = site.helpers.get(operand.name)
    array = operand.node if helper is None else rearranged(helper)
    if site.axes(array)[:2] != ("T", "B"):
        return
    name, own = symbols(site, operand.node).removesuffix("_t"), 0
    if name.endswith("_{t-1}"):  # a state before the step
        name, own = name.removesuffix("_{t-1}"), -1
        after = everywhere(line.value, operand.node, substituted(helper or array, array, form(f"{name}[1:]")))
        words = f"{noun(line)} reads {stepped(name, 0)} in place of {stepped(name, -1)}"
        yield valued(line, "wrong-index", f"{name}-after", after, words)
    for detail, order, steps in _ORDERS:
        moved = form(order, V=array, T=site.T)
        changed = everywhere(line.value, operand.node, moved if helper is None else substituted(helper, array, moved))
        wrong = f"{name} in reversed time"
        if steps:
            wrong = f"{stepped(name, own + steps)} in place of {stepped(name, own)}"
        if steps and site.loss:
            wrong = f"{name} of the step {'after' if steps > 0 else 'before'}"
        if own + steps == 0 and own:  # but at the last step, where it is the state before it
            wrong = f"{wrong}, except at the last step"
        yield valued(line, "wrong-index", slug(f"{name}-{detail}"), changed, f"{noun(line)} reads {wrong}")


def _gates(statement: Statement) -> Iterator[Rewrite]:
    for detail, order, steps in _ORDERS:
        text = statement.text.replace("gates", ast.unparse(form(order, V="gates")), 1)
        words = {-1: "of the step before", 1: "of the step after", 0: "in reversed time"}[steps]
        yield restated(statement, "wrong-index", f"gates-{detail}", text, f"all gates are read {words}")
