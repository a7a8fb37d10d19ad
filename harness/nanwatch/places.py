"""The candidate's tree rewritten: every expression hands its value over, and every loop over time tells its step.

A place is one expression that is read or computed, or an array after something was written into it. Lines are kept.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field

from harness.diagnosis.lines.instrument import rewritten_body

#: the names that rewritten code calls
MADE, HOLDS, LOOP = "_handgrad_made", "_handgrad_holds", "_handgrad_loop"

#: operations by the node that stands for them
_OPERATIONS: dict[type[ast.operator] | type[ast.unaryop], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.MatMult: "matmul",
    ast.Pow: "power", ast.FloorDiv: "divide", ast.Mod: "remainder", ast.USub: "negative",
}  # fmt: skip
READ, WRITTEN = "read", "written"
#: what can be read once more and is not changed by that
_PLAIN = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Slice, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.JoinedStr,
    ast.FormattedValue, ast.expr_context, ast.operator, ast.unaryop,
)  # fmt: skip


@dataclass
class Site:
    """One place where a value can be seen."""

    file: str
    line: int
    text: str  #: of the expression
    operation: str  #: "read", "written", "add" …, or the name of the function that is called
    around: str  #: the text of the function around it
    target: str = ""  #: what it is assigned to, where it is all of what is assigned
    parts: list[int] = field(default_factory=list)  #: the places of what goes into it


@dataclass
class Loop:
    """A ``for`` statement."""

    names: tuple[str, ...]  #: its variables; one that is no plain name is empty
    backwards: bool


class Rewriter(ast.NodeTransformer):
    """Of one file; its places and loops are added to ``sites`` and ``loops``."""

    def __init__(self, file: str, source: str, sites: list[Site], loops: list[Loop]) -> None:
        self._file, self._sites, self._loops = file, sites, loops
        self._lines = source.split("\n")
        self._parts: list[list[int]] = [[]]
        self._around = ""
        self._targets: dict[int, str] = {}  #: by the node that is assigned

    # statements

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self._around = self._around, ast.unparse(node)
        node.body = self._body(node.body)  # decorators, defaults and annotations are left as they are
        self._around = outer
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = self._body(node.body)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        text, targets = ast.unparse(node.iter), node.target
        names = targets.elts if isinstance(targets, ast.Tuple) else [targets]
        # ``for t, (x, y) in …``: only plain names tell a step
        plain = tuple(one.id if isinstance(one, ast.Name) else "" for one in names)
        backwards = "[::-1]" in text.replace(" ", "") or "reversed(" in text or ", -1)" in text
        self._loops.append(Loop(plain, backwards))
        number = ast.Constant(len(self._loops) - 1)
        iterated = self.visit(node.iter)
        node.iter = ast.copy_location(ast.Call(ast.Name(LOOP, ast.Load()), [number, iterated], []), iterated)
        node.body, node.orelse = self._body(node.body), self._body(node.orelse)
        return node

    def _body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return rewritten_body(self, body)

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        self._name(node.targets[0], node.value)
        bases = [base for target in node.targets if (base := _base(target)) is not None]
        self._parts.append([])
        node.value = self.visit(node.value)
        parts = self._parts.pop()
        return [node, *(self._look(base, node.lineno, "", WRITTEN, parts) for base in bases)]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            self._name(node.target, node.value)
            node.value = self.visit(node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        operation = _OPERATIONS.get(type(node.op), "")
        target, text = self._text(node.target), self._text(node)
        readable, base, line = _readable(node.target), _base(node.target), node.lineno
        self._parts.append([])
        node.value = self.visit(node.value)
        parts = self._parts.pop()
        if not readable:
            return [node]
        before = self._look(node.target, line, target, READ, [])
        after = self._look(node.target, line, text, operation, [len(self._sites) - 1, *parts], target)
        last = [] if base is None else [self._look(base, line, "", WRITTEN, [len(self._sites) - 1])]
        return [before, node, after, *last]

    def _name(self, target: ast.expr, value: ast.expr) -> None:
        """Remember what a value is assigned to, and each of several values, and either of two."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, part in zip(target.elts, value.elts, strict=False):
                self._name(one, part)
        elif isinstance(value, ast.IfExp):
            self._name(target, value.body)
            self._name(target, value.orelse)
        elif not isinstance(target, ast.Tuple):
            self._targets[id(value)] = self._text(target)

    def _look(
        self, target: ast.expr, line: int, text: str, operation: str, parts: list[int], name: str = ""
    ) -> ast.stmt:
        """A statement that hands over what stands in ``target`` now."""
        read = copy.deepcopy(target)
        for part in ast.walk(read):
            if isinstance(part, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple | ast.Starred):
                part.ctx = ast.Load()
        number = self._add(line, text or self._text(target), operation, parts, name)
        call = ast.Expr(ast.Call(ast.Name(HOLDS, ast.Load()), [ast.Constant(number), read], []))
        # What was there may be there no more, or not yet.
        gone = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
        made = ast.Try([call], [gone], [], [])
        for part in ast.walk(made):
            if isinstance(part, ast.expr | ast.stmt | ast.excepthandler):
                part.lineno = part.end_lineno = line
                part.col_offset = part.end_col_offset = 0
        return made

    # expressions

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._made(node, READ, []) if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._entry(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return self._entry(node)

    def _entry(self, node: ast.Attribute | ast.Subscript) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            return node
        self._parts.append([])
        node.value = self.visit(node.value)
        return self._made(node, READ, self._parts.pop())

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return self._computed(node, _OPERATIONS.get(type(node.op), ""))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        return self._computed(node, _OPERATIONS.get(type(node.op), ""))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        target = self._targets.get(id(node), "")
        self._parts.append([])
        if isinstance(function, ast.Attribute):
            function.value = self.visit(function.value)  # of ``y.max()``, y goes into it
        elif not isinstance(function, ast.Name):
            node.func = self.visit(function)
        node.args = [self.visit(one) for one in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return self._made(node, name, self._parts.pop(), target)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self._parts.append([])  # what is asked goes into nothing
        node.test = self.visit(node.test)
        self._parts.pop()
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._parts.append([])
        node.body = self.visit(node.body)
        self._parts.pop()
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        node.subject = self.visit(node.subject)
        for case in node.cases:  # patterns are no expressions
            case.body = self._body(case.body)
        return node

    def _computed(self, node: ast.BinOp | ast.UnaryOp, operation: str) -> ast.AST:
        target = self._targets.get(id(node), "")
        self._parts.append([])
        self.generic_visit(node)
        return self._made(node, operation, self._parts.pop(), target)

    def _made(self, node: ast.expr, operation: str, parts: list[int], target: str = "") -> ast.expr:
        number = self._add(node.lineno, self._text(node), operation, parts, target)
        function = ast.copy_location(ast.Name(MADE, ast.Load()), node)
        return ast.copy_location(ast.Call(function, [ast.Constant(number), node], []), node)

    def _text(self, node: ast.expr | ast.stmt) -> str:
        """As it stands in the source, on one line."""
        last = node.end_lineno or node.lineno
        lines = [line.encode() for line in self._lines[node.lineno - 1 : last]]  # columns are counted in bytes
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(line.decode().strip() for line in lines)

    def _add(self, line: int, text: str, operation: str, parts: list[int], target: str) -> int:
        self._sites.append(Site(self._file, line, text, operation, self._around, target, parts))
        number = len(self._sites) - 1
        self._parts[-1].append(number)
        return number


def _base(target: ast.expr) -> ast.expr | None:
    """The array whose entries are assigned: ``hs`` of ``hs[t]``."""
    found = target
    while isinstance(found, ast.Subscript):
        found = found.value
    return found if found is not target and _readable(found) else None


def _readable(node: ast.expr) -> bool:
    named = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
    return named and all(isinstance(part, _PLAIN) for part in ast.walk(node))


def rewritten(source: str, file: str, sites: list[Site], loops: list[Loop]) -> ast.Module:
    """The tree of the source, to be compiled under its own file's name."""
    module: ast.Module = Rewriter(file, source, sites, loops).visit(ast.parse(source, file))
    return ast.fix_missing_locations(module)
