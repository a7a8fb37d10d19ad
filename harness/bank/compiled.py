"""Edits to a function of handgrad, compiled; the real modules are never touched.

The rewritten function lives in a copy of its module's names, and a copy of `handgrad.loss_and_grads` runs it in place
of the real one. Memory comes zeroed, so that what a faulted line leaves out is zero and not whatever was there before.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from types import FunctionType, SimpleNamespace
from typing import Any, NamedTuple, TypeVar

import numpy as np

import handgrad
from handgrad import cells, model
from handgrad.losses import LOSSES
from harness.bank import wrong
from harness.bank.reading import module_of, name_of, tree_of

_Node = TypeVar("_Node", bound=ast.AST)

#: the function that runs all others
_WHOLE = f"{model.__name__}:loss_and_grads"


class Edit(NamedTuple):
    """The statements that stand in the place of the one on line ``number`` of the module's file.

    A ``for`` of nothing but ``pass`` gets the body of the loop that it replaces.
    """

    number: int
    statements: tuple[str, ...]


@cache
def loss_and_grads(function: str, edits: tuple[Edit, ...]) -> Callable[..., handgrad.Gradients]:
    """`handgrad.loss_and_grads` around a function of handgrad, "handgrad.cells.lstm:backward", with edits."""
    names: dict[str, Any] = {**vars(model), "fresh": _zeros}
    if function == _WHOLE:
        run: Callable[..., handgrad.Gradients] = edited(function, edits, names)
        return run
    new = edited(function, edits)
    module, name = module_of(function), name_of(function)
    if module is model:
        names[name] = new
    elif module.__name__.startswith(f"{cells.__name__}."):
        stand_in = SimpleNamespace(**{**vars(module), name: new})
        names["cells"] = SimpleNamespace(get=lambda cell: stand_in)
    else:
        names["LOSSES"] = {loss: new if real.__name__ == name else real for loss, real in LOSSES.items()}
    real = model.loss_and_grads
    assert isinstance(real, FunctionType)
    copy = FunctionType(real.__code__, names, real.__name__, real.__defaults__)
    copy.__kwdefaults__ = real.__kwdefaults__
    return copy


def edited(function: str, edits: Sequence[Edit], names: Mapping[str, Any] | None = None) -> Any:
    """The function with edits, in a copy of ``names``, which are its module's where none are given."""
    space = {**(vars(module_of(function)) if names is None else names), "wrong": wrong}
    tree = tree_of(function)
    body = _body(tree.body, {edit.number: edit.statements for edit in edits})
    source = ast.fix_missing_locations(ast.Module([_changed(tree, body=body)], []))
    exec(compile(source, f"<{function}>", "exec"), space)
    return space[name_of(function)]


def _body(statements: Sequence[ast.stmt], edits: Mapping[int, tuple[str, ...]]) -> list[ast.stmt]:
    return [new for statement in statements for new in _replaced(statement, edits)]


def _replaced(statement: ast.stmt, edits: Mapping[int, tuple[str, ...]]) -> Iterator[ast.stmt]:
    if isinstance(statement, ast.For | ast.If):
        parts = {"body": _body(statement.body, edits), "orelse": _body(statement.orelse, edits)}
        statement = _changed(statement, **parts)
    if statement.lineno not in edits:
        yield statement
        return
    for new in ast.parse("\n".join(edits[statement.lineno])).body:
        if isinstance(new, ast.For) and isinstance(new.body[0], ast.Pass):
            assert isinstance(statement, ast.For)
            new.body = statement.body
        yield new


def _changed(node: _Node, **fields: Any) -> _Node:
    return ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), **fields}), node)


def _zeros(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.zeros(shape, dtype)
