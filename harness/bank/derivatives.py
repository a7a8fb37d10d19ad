"""Derivatives of activations: of the wrong function, at a value not yet activated, or at one activated once more."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from harness.bank.activations import before_activation
from harness.bank.lines import Line
from harness.bank.notation import noun, slug, symbols
from harness.bank.rewrite import Rewrite, valued
from harness.bank.site import Site
from harness.bank.trees import called, chains, everywhere, factors, form, product, substituted


class Wrong(NamedTuple):
    """What stands in place of a derivative at V, and what is said of it: {q} is the line's quantity, {v} is V."""

    kind: str
    detail: str
    derivative: str
    sentence: str


_OF_LOGISTIC = (
    Wrong("wrong-derivative", "tanh", "1 - V * V", "{q} has the derivative of tanh, 1 − {v}², for {v} ⊙ (1 − {v})"),
    Wrong("activated-twice", "", "(1 - wrong.logistic(V)) * wrong.logistic(V)",
          "in {q} σ is applied to {v}, which is already activated"),
    Wrong("missing-activation", "derivative", "(1 - np.log(V / (1 - V))) * np.log(V / (1 - V))",
          "{q} has a ⊙ (1 − a) for {v} ⊙ (1 − {v}), where {v} = σ(a)"),
)  # fmt: skip
_OF_TANH = (
    Wrong("wrong-derivative", "logistic", "V * (1 - V)",
          "{q} has the logistic derivative, {v} ⊙ (1 − {v}), for 1 − {v}²"),
    Wrong("wrong-derivative", "square", "np.square(1 - V)", "{q} has (1 − {v})² for 1 − {v}²"),
    Wrong("activated-twice", "", "1 - np.square(np.tanh(V))",
          "in {q} tanh is applied to {v}, which is already activated"),
    Wrong("missing-activation", "derivative", "1 - np.square(np.arctanh(V))",
          "{q} has 1 − a² for 1 − {v}², where {v} = tanh(a)"),
)  # fmt: skip
_OF_ANY = (
    Wrong("wrong-derivative", "logistic", "V * (1 - V)", "{q} has the logistic derivative, {v} ⊙ (1 − {v}), for φ'"),
    Wrong("wrong-derivative", "tanh", "1 - V * V", "{q} has the derivative of tanh, 1 − {v}², whatever φ is"),
    Wrong("wrong-derivative", "relu", "1.0 * (V > 0)", "{q} has the derivative of ReLU for φ'"),
    Wrong("activated-twice", "", "phi.slope(phi.value(V, np.zeros_like(V)), np.empty_like(V))",
          "in {q} φ is applied to {v}, which is already activated"),
)  # fmt: skip


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every derivative of an activation, and every activated value, that a line reads."""
    for line in site.lines:
        for node, at, wrongs in _derivatives(line.value):
            for wrong in wrongs:
                value = substituted(line.value, node, form(wrong.derivative, V=at))
                sentence = wrong.sentence.format(q=noun(line), v=symbols(site, at))
                yield valued(line, wrong.kind, wrong.detail, value, sentence)
        yield from _not_activated(site, line)


def _not_activated(site: Site, line: Line) -> Iterator[Rewrite]:
    for operand in site.operands(line):
        before = before_activation(site, operand.text)
        if before:
            name, state = symbols(site, operand.node), symbols(site, before)
            sentence = f"φ is missing: {noun(line)} reads {state} in place of {name} = φ({state})"
            value = everywhere(line.value, operand.node, form(before))
            yield valued(line, "missing-activation", slug(name), value, sentence)


def _derivatives(value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr, tuple[Wrong, ...]]]:
    """Each derivative: the expression, what it is taken at, and what may stand in its place."""
    for chain in chains(value, (ast.Mult,)):
        yield from _logistic(chain)
    for node in ast.walk(value):
        match node:
            case ast.BinOp(left=ast.Constant(1), op=ast.Sub(), right=ast.BinOp(left=left, op=ast.Mult(), right=right)):
                if ast.unparse(left) == ast.unparse(right):
                    yield node, left, _OF_TANH
            case ast.Call(args=[at, *_]) if called(node) == "slope":
                yield node, at, _OF_ANY


def _logistic(chain: ast.BinOp) -> Iterator[tuple[ast.expr, ast.expr, tuple[Wrong, ...]]]:
    """A product with v and 1 − v among its factors, in any order."""
    parts = factors(chain)
    for part in parts:
        match part:
            case ast.BinOp(left=ast.Constant(1), op=ast.Sub(), right=at):
                others = [other for other in parts if other is not part]
                rest = [other for other in others if ast.unparse(other) != ast.unparse(at)]
                if len(rest) < len(others):
                    around = f"{ast.unparse(product(rest))} * ({{}})" if rest else "{}"
                    wrongs = (wrong._replace(derivative=around.format(wrong.derivative)) for wrong in _OF_LOGISTIC)
                    yield chain, at, tuple(wrongs)
