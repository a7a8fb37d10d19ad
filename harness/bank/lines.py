"""The tagged lines of a function: one adjoint equation each, as plain arithmetic with a hole where the value stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from harness.bank.compiled import Edit
from harness.bank.reading import tag, tree_of
from harness.bank.statements import stacking
from harness.bank.trees import called, names, plain, replaced, root

_HOLE = "__value__"
_EQUALS = re.compile(r" \|?= ")
#: what a function calls the loss that it returns
_LOSS = "value"


@dataclass(frozen=True)
class _Known:
    """Local names that stand for something else in the lines of a function."""

    ones: frozenset[str]  #: that are 1
    slopes: dict[str, ast.expr]  #: "slope[t]" of slopes that were taken of all steps before the loop → that of one step

    def plain(self, value: ast.expr) -> ast.expr:
        """The value as plain arithmetic."""
        return plain(replaced(value, lambda node: self.slopes.get(ast.unparse(node))), self.ones)


@dataclass(frozen=True, eq=False)
class Line:
    """An adjoint equation, the line that computes it, and how to write another value in its place."""

    tag: str
    quantity: str  #: what it computes, as equations name it: "di", "dW_hy"
    number: int  #: of the statement, in the module's file
    hole: str  #: the statement, with `_HOLE` for the value
    value: ast.expr
    in_loop: bool
    enters: bool = False  #: it gives what the last step is carried, before the loop
    before: tuple[str, ...] = ()  #: statements that stay in front of it
    after: tuple[str, ...] = ()  #: statements that stay behind it
    stands_for: str = ""  #: the statement of the source whose equation it is, where it is no statement of the source

    @property
    def text(self) -> str:
        """The line as it should be."""
        return self.stands_for or self.statement(self.value)

    def statement(self, value: ast.expr) -> str:
        """The line with another value."""
        return self.hole.replace(_HOLE, ast.unparse(value))

    def edit(self, statement: str) -> Edit:
        """Another statement in its place."""
        return Edit(self.number, (*self.before, statement, *self.after))

    @property
    def target(self) -> str:
        """What is assigned to: "da_i[t]"."""
        return _EQUALS.split(self.hole)[0]

    @cached_property
    def root(self) -> str:
        """The local name that is assigned to, or into: "da_i"; empty where it is one of several."""
        return root(ast.parse(self.target, mode="eval").body)

    @property
    def is_whole(self) -> bool:
        """Whether it is the stacked da as a whole, which the source computes by its parts."""
        return bool(self.stands_for)


def tagged(function: str) -> tuple[Line, ...]:
    """The tagged lines of a function, in its order; the loop over time and the unpacking of stacked gates are none.

    Where gates are stacked into da, a line for the whole of it stands in the loop before what reads it first.
    """
    tree = tree_of(function)
    known = _Known(frozenset(_ones(tree)), dict(_slopes(tree)))
    found = list(_within(function, tree.body, known, in_loop=False))
    looped = {line.root for line in found if line.in_loop}
    marked = (replace(line, enters=not line.in_loop and line.root in looped) for line in found)
    return tuple(_with_whole(function, marked))


def _within(function: str, body: Sequence[ast.stmt], known: _Known, in_loop: bool) -> Iterator[Line]:
    for k, statement in enumerate(body):
        if isinstance(statement, ast.For | ast.If):
            for part in (statement.body, statement.orelse):
                yield from _within(function, part, known, in_loop or isinstance(statement, ast.For))
        elif name := tag(function, statement):
            for quantity, hole, value in _holes(statement):
                line = Line(name, quantity, statement.lineno, hole, known.plain(value), in_loop)
                yield _behind_loss(line, body[k + 1 :])


def _holes(statement: ast.stmt) -> Iterator[tuple[str, str, ast.expr]]:
    """Each quantity that a statement computes: its name, the statement with a hole for its value, and the value."""
    match statement:
        case ast.Expr(ast.Call(args=[*_, ast.Subscript() as out]) as call):  # it writes into its last argument
            yield root(out), f"{ast.unparse(out)} = {_HOLE}", call
        case ast.Expr(ast.Call(args=[*_, out]) as call):
            yield root(out), f"{ast.unparse(out)}[:] = {_HOLE}", call
        case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
            for target, value in zip(targets, values, strict=True):
                yield ast.unparse(target), _holed(statement, value), value
        case ast.Assign([ast.Tuple()], _):
            return
        case ast.Assign(_, ast.Dict([ast.Constant(str(key))], [value])) | ast.Assign(
            [ast.Subscript(slice=ast.Constant(str(key)))], value
        ):
            yield f"d{key}", _holed(statement, value), value
        case ast.Assign([target], ast.Call(args=[value, *_]) as call) if called(call) == "array":
            yield root(target), _holed(statement, value), value
        case ast.Assign([target], value) | ast.AugAssign(target, _, ast.DictComp(value=value)):
            yield root(target), _holed(statement, value), value


def _holed(statement: ast.Assign | ast.AugAssign, value: ast.expr) -> str:
    text = ast.unparse(replaced(statement, lambda node: ast.Name(_HOLE) if node is value else None))
    target, equals, values = text.partition(" = ")
    return f"{target}{equals}{values[1:-1]}" if isinstance(statement.value, ast.Tuple) else text  # without brackets


def _behind_loss(line: Line, later: Sequence[ast.stmt]) -> Line:
    """The line where a fault in it leaves the loss right: behind a statement that takes the loss from its quantity."""
    for statement in later:
        if isinstance(statement, ast.Assign) and root(statement.targets[0]) == _LOSS:
            if line.root in names(statement.value):
                return replace(line, number=statement.lineno, before=(ast.unparse(statement),))
            break
    return line


def _ones(tree: ast.FunctionDef) -> Iterator[str]:
    """The names of constants that are 1."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value).startswith("np.ones((),"):
            yield root(statement.targets[0])


def _slopes(tree: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Of ``slope = phi.slope(h[1:], …)``: that ``slope[t]`` is the slope at h[t + 1]."""
    for statement in tree.body:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Attribute(attr="slope") as of, [ast.Subscript(of_all), _])):
                one = f"{ast.unparse(of)}({ast.unparse(of_all)}[t + 1], {name}[t])"
                yield f"{name}[t]", ast.parse(one, mode="eval").body


def _with_whole(function: str, lines: Iterator[Line]) -> Iterator[Line]:
    stack = stacking(function)
    whole = root(stack.value) if stack else ""
    for line in lines:
        if stack and whole and line.in_loop and whole in names(line.value):
            value = ast.parse(f"{whole}[t]", mode="eval").body
            hole = f"{whole}[t] = {_HOLE}"
            yield Line(stack.tag, whole, line.number, hole, value, True, after=(line.text,), stands_for=stack.text)
            whole = ""
        yield line
