"""Lines of a program: where two texts part, which statement a line belongs to, and who produces what it reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping


def changed(before: str, after: str) -> int:
    """The first line, in ``after``, where two programs part. Raises ValueError where they do not."""
    old, new = before.splitlines(), after.splitlines()
    for number, line in enumerate(new, 1):
        if number > len(old) or old[number - 1] != line:
            return number
    raise ValueError("got two equal programs")


def statements_of(source: str, lines: frozenset[int] | set[int]) -> frozenset[int]:
    """All lines of the statements that ``lines`` stand in; of a loop, a branch or a function only its head."""
    spans: list[range] = [_span(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    found: set[int] = set()
    for line in lines:
        around = [span for span in spans if line in span]
        innermost = min(around, key=len, default=range(line, line + 1))
        found |= set(innermost)
    return frozenset(found)


def producers(source: str, lines: frozenset[int], calls: Mapping[str, str]) -> frozenset[int]:
    """The lines of statements that assign what the statements on ``lines`` read, those themselves left out.

    By name: within one function for a variable, within the class for an attribute of self. Where a function's own
    argument is read, that is the statements that call it: ``calls`` has the text of its calls, by its qualified name,
    for a method, which its name alone does not tell from others.
    """
    tree = ast.parse(source)
    found: set[int] = set()
    for scope, function in _functions(tree):
        wrong = [node for node in _simple(function) if lines & set(_span(node))]
        read = {name for node in wrong for name in _read(node)}
        for within in {function, scope}:
            wanted = {name for name in read if name.startswith("self.") or within is function}
            for node in _simple(within):
                if any(_gives(target, name) for target in _written(node) for name in wanted):
                    found |= set(_span(node))
        arguments = {argument.arg for argument in function.args.args} - {"self"}
        if any(name.partition("[")[0].partition(".")[0] in arguments for name in read):
            name = f"{scope.name}.{function.name}" if isinstance(scope, ast.ClassDef) else function.name
            text = calls.get(name, f"{name}(")
            for node in _simple(tree):
                if any(text in ast.unparse(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)):
                    found |= set(_span(node))
    return frozenset(found - lines)


def _span(node: ast.stmt) -> range:
    match node:
        case ast.For(iter=head) | ast.If(test=head) | ast.While(test=head):
            last = head.end_lineno
        case ast.FunctionDef() | ast.ClassDef() | ast.With():
            last = node.lineno
        case _:
            last = node.end_lineno
    return range(node.lineno, (last or node.lineno) + 1)


def _functions(tree: ast.Module) -> Iterator[tuple[ast.Module | ast.ClassDef, ast.FunctionDef]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            yield from ((node, child) for child in node.body if isinstance(child, ast.FunctionDef))


def _simple(within: ast.AST) -> Iterator[ast.stmt]:
    """The statements, and the heads of loops."""
    for node in ast.walk(within):
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node


def _parts(node: ast.stmt | ast.expr) -> Iterator[ast.AST]:
    """An expression and all inside it; those of a statement, without the statements inside it."""
    if isinstance(node, ast.expr):
        yield from ast.walk(node)
        return
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt):
            yield from ast.walk(child)


def _read(node: ast.stmt) -> Iterator[str]:
    """The names of its operands; what only says which entry is none."""
    if isinstance(node, ast.AugAssign):
        yield _name(node.target)
    parts = list(_parts(node.value) if isinstance(node, ast.Assign) else _parts(node))
    indices = {id(inner) for part in parts if isinstance(part, ast.Subscript) for inner in ast.walk(part.slice)}
    for part in parts:
        if id(part) not in indices and isinstance(getattr(part, "ctx", None), ast.Load) and _name(part):
            yield _name(part)


def _written(node: ast.stmt) -> Iterator[str]:
    for part in _parts(node):
        if isinstance(part, ast.Name | ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
            yield _name(part)


def _name(node: ast.AST) -> str:
    """Without its index: dz of dz[t], self.dh of self.dh[t], grads[W] of grads["W"]; empty for what has no name."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, name):
            return f"{_name(value)}.{name}" if _name(value) else ""
        case ast.Subscript(value, ast.Constant(str(key))):
            return f"{_name(value)}[{key}]" if _name(value) else ""
        case ast.Subscript(value):
            return _name(value)
    return ""


def _gives(target: str, name: str) -> bool:
    """Whether writing ``target`` gives what is read as ``name``: itself, or the whole that it is an entry of."""
    return bool(target) and (name == target or name.startswith(f"{target}["))
