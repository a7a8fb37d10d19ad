"""Where a candidate's function stands, read from its file without running it.

The file is somebody else's code: it is parsed, never imported. What parsing cannot tell is left out.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

from harness.candidates.target import Target
from harness.errors import BadInput
from harness.run import Source

#: More than anybody writes by hand: what is longer is not parsed in our process.
LARGEST = 4 * 2**20
Function = ast.FunctionDef | ast.AsyncFunctionDef


def of(candidate: object) -> Source | None:
    """Where the function of a candidate that is a Python file stands: ``my_lstm.py`` or ``my_lstm.py:function``.

    None for every other candidate, and for a file that cannot be read or parsed, or does not bind the name.
    """
    if not isinstance(candidate, str | Path) or "{case}" in str(candidate):
        return None
    try:
        target = Target.read(str(candidate))
    except BadInput:
        return None
    line = line_of(target)
    return None if line is None else Source(str(target.path), line, target.function)


def line_of(target: Target) -> int | None:
    """The line, from 1, of the function's ``def``, below its decorators; where there is none, of what binds its name.

    The last binding counts, as it does when the file runs. A name that is bound to what another name holds, or to what
    a function of this file makes, is followed there.
    """
    tree = _tree(target.path)
    if tree is None:
        return None
    found: ast.stmt | None = _followed(tree, target.function)
    if found is None:  # bound as nothing here shows: any function of that name
        inner = [node for node in ast.walk(tree) if isinstance(node, Function) and node.name == target.function]
        found = max(inner, key=lambda node: node.lineno, default=None)
    return None if found is None else found.lineno


def _tree(path: Path) -> ast.Module | None:
    try:
        with path.open("rb") as file:
            code = file.read(LARGEST + 1)
        if len(code) > LARGEST:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the candidate's escape sequences
            return ast.parse(code)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _followed(tree: ast.Module, name: str) -> ast.stmt | None:
    """What binds the name at the end, through other names of the file and through functions that make functions."""
    scope: ast.Module | Function = tree
    found: ast.stmt | None = None
    seen: set[tuple[ast.AST, str]] = set()
    while (scope, name) not in seen:
        seen.add((scope, name))
        bound = _last(scope, name) or _last(tree, name)
        if bound is None:
            return found
        found = bound
        value = bound.value if isinstance(bound, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Name):
            name = value.id
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            maker = _last(tree, value.func.id)
            if not isinstance(maker, Function) or not (returned := _returned(maker)):
                return found
            scope, name = maker, returned
    return found


def _last(scope: ast.Module | Function, name: str) -> ast.stmt | None:
    """The last statement of a scope that binds the name."""
    bound = (node for node in _statements(scope) if name in _bound(node))
    return max(bound, key=lambda node: node.lineno, default=None)


def _returned(maker: Function) -> str:
    """The name that a function returns last; empty where it returns none."""
    returns = [node for node in _statements(maker) if isinstance(node, ast.Return)]
    value = max(returns, key=lambda node: node.lineno).value if returns else None
    return value.id if isinstance(value, ast.Name) else ""


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement binds: def, class, import, assignment."""
    if isinstance(node, Function | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    if isinstance(node, ast.Assign):
        return [leaf.id for target in node.targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)]
    if isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _statements(scope: ast.AST) -> Iterator[ast.stmt]:
    """All statements that run in this scope, those under ``if``, ``try``, ``with`` and loops included; in no order."""
    left = list(ast.iter_child_nodes(scope))
    while left:
        node = left.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, Function | ast.ClassDef | ast.expr):
            left.extend(ast.iter_child_nodes(node))
