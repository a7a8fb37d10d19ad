"""handgrad's source as syntax trees, with the comments that Python's parser drops.

A function goes by its module and name: "handgrad.cells.lstm:backward".
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from functools import cache
from importlib import import_module
from types import ModuleType

from harness.bank.trees import replaced

_TAG = re.compile(r"\((\d\*\w?)\)")


def module_of(function: str) -> ModuleType:
    """The module of a function."""
    return import_module(function.split(":")[0])


def name_of(function: str) -> str:
    """The name of a function in its module."""
    return function.split(":")[1]


@cache
def _source(module: ModuleType) -> str:
    return inspect.getsource(module)


@cache
def _definitions(module: ModuleType) -> dict[str, ast.stmt]:
    definitions = (node for node in ast.parse(_source(module)).body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return {node.name: node for node in definitions}


@cache
def _comments(module: ModuleType) -> dict[int, str]:
    """The comment on each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(_source(module)).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


@cache
def tree_of(function: str) -> ast.FunctionDef:
    """A function; memory that it takes comes zeroed."""
    tree = _definitions(module_of(function))[name_of(function)]
    assert isinstance(tree, ast.FunctionDef)

    def zeroed(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "np.empty":
            return ast.Attribute(node.value, "zeros", node.ctx)
        return None

    return replaced(tree, zeroed)


def tag(function: str, statement: ast.stmt) -> str:
    """The tag of the adjoint equation beside a statement, "4*i" where the comment has ``(4*i)``; empty without one."""
    found = _TAG.search(_comments(module_of(function)).get(statement.lineno, ""))
    return found[1] if found else ""


def tape_comments(function: str) -> dict[str, str]:
    """What a cell says beside each quantity of the Tape that its ``function`` reads."""
    tape = _definitions(module_of(function))["Tape"]
    assert isinstance(tape, ast.ClassDef)
    fields = (node for node in tape.body if isinstance(node, ast.AnnAssign))
    return {ast.unparse(node.target): _comments(module_of(function)).get(node.lineno, "") for node in fields}
