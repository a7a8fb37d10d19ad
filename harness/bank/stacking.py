"""Gates and states stacked or unpacked in another order than that of the equations."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

from harness.bank.lines import Line
from harness.bank.notation import noun
from harness.bank.rewrite import Rewrite, restated, stated, valued
from harness.bank.site import Site
from harness.bank.statements import Statement, unpackings
from harness.bank.trees import form, root


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every order of unpacked and stacked gates, exchanged blocks of every stacked array, exchanged states."""
    for statement in unpackings(site.function):
        if len(statement.targets) == len(site.gates):
            yield from _orders(site, statement)
        else:
            yield from _fields(site, statement)
    for line in site.lines if site.gates else ():
        if site.axes(line.value)[:1] == ("A",):
            yield from _stacked(site, line)
        elif isinstance(line.value, ast.BinOp) and site.axes(line.value.right)[:1] == ("A",):
            yield from _weights(site, line, line.value)
    yield from _states(site)


def _orders(site: Site, statement: Statement) -> Iterator[Rewrite]:
    whole, targets = root(statement.value), statement.targets
    done = f"{whole} is stacked" if statement.tag else f"the {whole} are unpacked"
    for order in permutations(range(len(targets))):
        gates = [site.gates[k] for k in order]
        text = statement.text.replace(", ".join(targets), ", ".join(targets[k] for k in order), 1)
        sentence = f"{done} in the order {', '.join(gates)} in place of {', '.join(site.gates)}"
        yield restated(statement, "stacking", f"{whole}-{''.join(gates)}", text, sentence)
    if statement.tag:
        text = f"{', '.join(targets)} = {whole}.reshape(T, B, H, {len(targets)}).transpose(3, 0, 1, 2)"
        sentence = f"{whole} is stacked by hidden unit in place of by gate"
        yield restated(statement, "stacking", f"{whole}-by-unit", text, sentence)


def _fields(site: Site, statement: Statement) -> Iterator[Rewrite]:
    """Two states exchanged where the tape is unpacked."""
    states = [name for name in statement.targets if site.axes(name) == ("T+1", "B", "H")]
    for one, two in combinations(states, 2):
        swapped = {one: two, two: one}
        text = f"{', '.join(swapped.get(name, name) for name in statement.targets)} = {ast.unparse(statement.value)}"
        yield restated(statement, "stacking", f"{one}{two}", text, f"{one} and {two} of the tape are exchanged")


def _stacked(site: Site, line: Line) -> Iterator[Rewrite]:
    """Blocks of a gradient exchanged, or its rows interleaved."""
    n, tail = len(site.gates), ", -1" * (len(site.axes(line.value)) - 1)
    for order, gates in _exchanges(site.gates):
        value = form(f"V.reshape({n}, H{tail})[{order}].reshape({n} * H{tail})", V=line.value)
        sentence = f"in {noun(line)} the blocks of {' and '.join(gates)} are exchanged"
        yield valued(line, "stacking", "".join(gates), value, sentence)
    value = form(f"V.reshape({n}, H{tail}).swapaxes(0, 1).reshape({n} * H{tail})", V=line.value)
    yield valued(line, "stacking", "by-unit", value, f"{noun(line)} is stacked by hidden unit in place of by gate")


def _weights(site: Site, line: Line, product: ast.BinOp) -> Iterator[Rewrite]:
    """Blocks of a weight that da is multiplied by exchanged."""
    n, name = len(site.gates), ast.unparse(product.right)
    for order, gates in _exchanges(site.gates):
        value = form(f"L @ R.reshape({n}, H, -1)[{order}].reshape({n} * H, -1)", L=product.left, R=product.right)
        sentence = f"{noun(line)} reads {name} with the blocks of {' and '.join(gates)} exchanged"
        yield valued(line, "stacking", f"{name}-{''.join(gates)}", value, sentence)


def _exchanges(gates: Sequence[str]) -> Iterator[tuple[list[int], tuple[str, str]]]:
    """Orders in which two gates are exchanged, and which."""
    for one, two in combinations(range(len(gates)), 2):
        order = list(range(len(gates)))
        order[one], order[two] = two, one
        yield order, (gates[one], gates[two])


def _states(site: Site) -> Iterator[Rewrite]:
    """What enters at the last step, and what is carried out of the first, given to the wrong states."""
    outer = [line for line in site.lines if site.cell and not line.in_loop and site.axes(line.value) == ("B", "H")]
    for one, two in combinations(outer, 2):
        sentence = f"{noun(one)} and {noun(two)} get each other's value"
        detail = f"with-{two.quantity}"
        if one.number == two.number:  # two values of one statement
            text = f"{one.target} = {ast.unparse(two.value)}, {ast.unparse(one.value)}"
            yield stated(one, "stacking", detail, text, sentence)
        elif one.tag[:2] == two.tag[:2]:  # adjoints of one forward equation
            texts = one.statement(two.value), two.statement(one.value)
            edits = (one.edit(texts[0]), two.edit(texts[1]))
            rewrite = stated(one, "stacking", detail, "; ".join(texts), sentence)
            yield rewrite._replace(line=f"{one.text}; {two.text}", edits=edits)
