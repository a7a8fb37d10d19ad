"""The statements of a function that are no equation of one value: unpackings, rearrangements, the loop over time."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from harness.bank.reading import tag, tree_of
from harness.bank.trees import called


@dataclass(frozen=True, eq=False)
class Statement:
    """One of them, with its tag where it has one."""

    tag: str
    number: int  #: in the module's file
    text: str
    targets: tuple[str, ...]
    value: ast.expr


def unpackings(function: str) -> tuple[Statement, ...]:
    """Those that give the parts of one array, or of the tape, names of their own; sizes are none of them."""
    return tuple(
        Statement(tag(function, node), node.lineno, ast.unparse(node), tuple(map(ast.unparse, targets)), value)
        for node in tree_of(function).body
        if isinstance(node, ast.Assign)
        for targets, value in [(_parts(node), node.value)]
        if targets and not isinstance(value, ast.Tuple | ast.Attribute)
    )


def _parts(node: ast.Assign) -> list[ast.expr]:
    return node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else []


def stacking(function: str) -> Statement | None:
    """The tagged unpacking: the adjoints of the gates' pre-activations as parts of one array; None without one."""
    return next((statement for statement in unpackings(function) if statement.tag), None)


def loop(function: str) -> Statement | None:
    """The head of the tagged loop; None without one."""
    for node in tree_of(function).body:
        if isinstance(node, ast.For) and tag(function, node):
            target = ast.unparse(node.target)
            head = f"for {target} in {ast.unparse(node.iter)}:"
            return Statement(tag(function, node), node.lineno, head, (target,), node.iter)
    return None


def helpers(function: str) -> dict[str, ast.expr]:
    """Local names for rearranged arrays: h_rows, which is ``h[:-1].reshape(T * B, H)``."""
    return {
        ast.unparse(node.targets[0]): node.value
        for node in tree_of(function).body
        if isinstance(node, ast.Assign) and not tag(function, node) and called(node.value) == "reshape"
    }
