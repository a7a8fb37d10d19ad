"""Expressions as syntax trees: rebuilt, never changed in place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

_Node = TypeVar("_Node", bound=ast.AST)

#: functions that are operators, however NumPy spells them
_OPERATORS: dict[str, type[ast.operator]] = {
    "add": ast.Add,
    "subtract": ast.Sub,
    "multiply": ast.Mult,
    "divide": ast.Div,
    "dot": ast.MatMult,
    "matmul": ast.MatMult,
}


def replaced(node: _Node, swap: Callable[[ast.AST], ast.AST | None]) -> _Node:
    """The tree with every node for which ``swap`` gives another one replaced by it."""
    other = swap(node)
    if other is not None:
        return other  # type: ignore[return-value]
    fields = {name: _field(value, swap) for name, value in ast.iter_fields(node)}
    if all(fields[name] is value for name, value in ast.iter_fields(node)):
        return node
    return ast.copy_location(type(node)(**fields), node)


def _field(value: Any, swap: Callable[[ast.AST], ast.AST | None]) -> Any:
    if isinstance(value, list):
        new = [_field(item, swap) for item in value]
        return value if all(one is two for one, two in zip(new, value, strict=True)) else new
    return replaced(value, swap) if isinstance(value, ast.AST) else value


def substituted(tree: _Node, old: ast.AST, new: ast.AST) -> _Node:
    """The tree with one node, found by identity, replaced."""
    return replaced(tree, lambda node: new if node is old else None)


def everywhere(tree: _Node, old: ast.AST, new: ast.AST) -> _Node:
    """The tree with every node that reads as ``old`` does replaced."""
    text = ast.unparse(old)
    return replaced(tree, lambda node: new if type(node) is type(old) and ast.unparse(node) == text else None)


@cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def form(text: str, **parts: ast.expr | str) -> ast.expr:
    """The expression ``text`` with names replaced by expressions: ``form("2 * V", V=value)``."""
    new = {name: _parsed(part) if isinstance(part, str) else part for name, part in parts.items()}
    return replaced(_parsed(text), lambda node: new.get(node.id) if isinstance(node, ast.Name) else None)


def plain(node: ast.expr, ones: frozenset[str] = frozenset()) -> ast.expr:
    """The same with operators in place of NumPy's functions, where they write left out; names in ``ones`` become 1."""

    def swap(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Name) and node.id in ones:
            return ast.Constant(1)
        if isinstance(node, ast.Call) and len(node.args) > 1 and called(node) in _OPERATORS:
            left, right = (plain(argument, ones) for argument in node.args[:2])
            return ast.BinOp(left, _OPERATORS[called(node)](), right)
        return None

    return replaced(node, swap)


def called(call: ast.AST) -> str:
    """The name of the function that is called, without its module; empty for what is no call."""
    if not isinstance(call, ast.Call):
        return ""
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def root(node: ast.AST) -> str:
    """The name at the root of a name, subscript, attribute or method call: "h" of ``h[:-1].reshape(T * B, H)``."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def names(node: ast.AST) -> set[str]:
    """Every name in the tree."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def factors(node: ast.expr) -> list[ast.expr]:
    """What a product multiplies, from left to right; the expression itself where it is none."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*factors(node.left), *factors(node.right)]
    return [node]


def product(parts: list[ast.expr]) -> ast.expr:
    """The product of one or more expressions."""
    result = parts[0]
    for part in parts[1:]:
        result = ast.BinOp(result, ast.Mult(), part)
    return result


def terms(node: ast.expr) -> list[tuple[int, ast.expr]]:
    """What a sum or difference adds, each with its sign; the expression itself where it is neither."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        sign = 1 if isinstance(node.op, ast.Add) else -1
        return [*terms(node.left), *((sign * inner, term) for inner, term in terms(node.right))]
    return [(1, node)]


def total(parts: list[tuple[int, ast.expr]]) -> ast.expr:
    """The sum of one or more signed terms."""
    (sign, result), *others = parts
    if sign < 0:
        result = ast.UnaryOp(ast.USub(), result)
    for sign, part in others:
        result = ast.BinOp(result, ast.Add() if sign > 0 else ast.Sub(), part)
    return result


def chains(node: ast.expr, kinds: tuple[type[ast.operator], ...]) -> Iterator[ast.BinOp]:
    """The largest sub-expressions, other than indices, that join parts by operators of these kinds."""

    def walk(node: ast.AST, inside: bool) -> Iterator[ast.BinOp]:
        joins = isinstance(node, ast.BinOp) and isinstance(node.op, kinds)
        if joins and not inside:
            assert isinstance(node, ast.BinOp)
            yield node
        for child in ast.iter_child_nodes(node) if not isinstance(node, ast.Subscript) else ():
            yield from walk(child, joins)

    return walk(node, False)
