"""The candidate's tree rewritten: every expression is sent through a function, by the number of its site."""

from __future__ import annotations

import ast
from typing import Any

from harness.diagnosis.lines.sites import SITE, WRITTEN, Kind, Site


def instrumented(source: str | bytes, filename: str, found: list[Site]) -> ast.Module:
    """The tree of the source, to be compiled under its own file's name; its sites are added to ``found``."""
    module: ast.Module = ast.fix_missing_locations(_Rewriter(found, filename).visit(ast.parse(source, filename)))
    return module


def rewritten_body(rewriter: ast.NodeTransformer, body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements, each of which may have become several."""
    found: list[ast.stmt] = []
    for statement in body:
        visited = rewriter.visit(statement)
        found += visited if isinstance(visited, list) else [visited]
    return found


class _Rewriter(ast.NodeTransformer):
    def __init__(self, found: list[Site], file: str) -> None:
        self._found, self._file = found, file
        self._variable = ""
        self._whole: ast.expr | None = None  #: the expression that is all of what is assigned
        self._function = self._statement = self._loop = 0
        self._name = ""
        self._leaves: list[list[int]] = [[]]
        self._named: dict[int, str] = {}

    # statements

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt):
            self._statement = node.lineno
        return super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer = self._function, self._loop, self._name
        self._function, self._loop, self._name = node.lineno, 0, node.name
        node.body = self._body(node.body)
        self._function, self._loop, self._name = outer
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        node.iter = self.visit(node.iter)
        outer, self._loop = self._loop, node.lineno
        node.body, node.orelse = self._body(node.body), self._body(node.orelse)
        self._loop = outer
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if node.value is not None:
            node.value = self._assigned(self._name, node.value)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = self._body(node.body)
        return node

    def _body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return rewritten_body(self, body)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        target = node.targets[0]
        given = [
            keyword.value
            for call in ast.walk(node.value)
            if isinstance(call, ast.Call)
            for keyword in call.keywords
            if keyword.arg == "out" and _readable(keyword.value)
        ]
        text, copies = ast.unparse(node.value), [ast.parse(ast.unparse(one), mode="eval").body for one in given]
        self._leaves.append([])
        self._assign(node, target)
        leaves = self._leaves.pop()
        return [node, *(self._written(one, node.lineno, text, leaves) for one in copies)] if copies else node

    def _assign(self, node: ast.Assign, target: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
            node.value.elts = [self._assigned(ast.unparse(one), value) for one, value in pairs] + [
                self.visit(value) for value in node.value.elts[len(pairs) :]
            ]
        else:
            node.value = self._assigned(ast.unparse(target), node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self._assigned(ast.unparse(node.target), node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        self._leaves.append([])
        text = f"{ast.unparse(node.target)} {_SYMBOLS[type(node.op)]}= "
        text += ast.unparse(node.value)
        line = node.lineno
        node.value = self.visit(node.value)
        leaves = self._leaves.pop()
        base: ast.expr = node.target
        while isinstance(base, ast.Subscript):
            base = base.value
        targets = [node.target] if base is node.target else [node.target, base]
        return [node, *(self._written(one, line, text, leaves) for one in targets if _readable(one))]

    def visit_Expr(self, node: ast.Expr) -> list[ast.stmt]:
        """A call for its effect: the arrays among its arguments are looked at once more."""
        call = node.value
        if not isinstance(call, ast.Call):
            return [node]
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        arrays = [one for one in given if _readable(one)]
        text = ast.unparse(call)
        copies = [ast.parse(ast.unparse(one), mode="eval").body for one in arrays]
        self._leaves.append([])
        node.value = self.visit(call)
        leaves = self._leaves.pop()
        again = [self._written(one, node.lineno, text, leaves) for one in copies]
        return [node, *again]

    def _written(self, target: ast.expr, line: int, text: str, leaves: list[int]) -> ast.stmt:
        variable = ast.unparse(target)
        site = self._add(line, "result", text, variable, True, leaves)
        read = ast.parse(variable, mode="eval").body
        call = ast.Expr(ast.Call(ast.Name(WRITTEN, ast.Load()), [ast.Constant(site), read], []))
        # What was called may have taken it away: ``use(stack[-1])`` may pop the stack.
        gone = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
        made: ast.stmt = call if isinstance(read, ast.Name) else ast.Try([call], [gone], [], [])
        for part in ast.walk(made):
            if isinstance(part, ast.expr | ast.stmt | ast.excepthandler):
                part.lineno = part.end_lineno = line
                part.col_offset = part.end_col_offset = 0
        return made

    def _assigned(self, variable: str, value: ast.expr) -> ast.expr:
        outer = self._variable, self._whole
        self._variable, self._whole = variable, value
        visited: ast.expr = self.visit(value)
        self._variable, self._whole = outer
        return visited

    # expressions

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._site(node, node, "read") if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            return node
        return self._entry(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            return node
        return self._entry(node)

    def _entry(self, node: ast.Attribute | ast.Subscript) -> ast.expr:
        """An entry or an attribute; what it is taken of is looked at too."""
        text, value = ast.unparse(node), node.value
        self._leaves.append([])
        if isinstance(value, ast.Name | ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Subscript):
                node.value = self._base(value)
        else:
            node.value = self.visit(value)
        leaves = self._leaves.pop()
        return self._site(node, node, "read", text, leaves)

    def _base(self, value: ast.expr) -> ast.expr:
        number = self._add(value.lineno, "base", ast.unparse(value), ast.unparse(value), False, [])
        self._leaves[-1].append(number)
        function = ast.copy_location(ast.Name(SITE, ast.Load()), value)
        return ast.copy_location(ast.Call(function, [ast.Constant(number), value], []), value)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return self._computed(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        return self._computed(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        return self._computed(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return self._computed(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        node.body = self.visit(node.body)
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        return node  # patterns are no expressions, and allow no calls

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                self._named[id(value)] = str(key.value)
        node.values = [self.visit(value) for value in node.values]
        return node

    def _computed(self, node: ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare) -> ast.AST:
        text = ast.unparse(node)
        self._leaves.append([])
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                node.func.value = self.visit(node.func.value)
            for keyword in node.keywords:
                if keyword.arg:
                    self._named[id(keyword.value)] = keyword.arg
            node.args = [self.visit(one) for one in node.args]
            for keyword in node.keywords:
                keyword.value = self.visit(keyword.value)
            inside: ast.expr = node
        else:
            inside = self.generic_visit(node)  # type: ignore[assignment]
        leaves = self._leaves.pop()
        return self._site(node, inside, "value", text, leaves)

    def _site(
        self, node: ast.expr, inside: ast.expr, kind: Kind, text: str = "", leaves: list[int] | None = None
    ) -> ast.expr:
        whole = node is self._whole
        text = text or ast.unparse(node)
        variable = self._variable if whole else text
        number = self._add(node.lineno, kind, text, variable, whole, leaves or [], self._named.get(id(node), ""))
        if kind == "read":
            self._leaves[-1].append(number)
        else:
            self._leaves[-1] += leaves or []
        function = ast.copy_location(ast.Name(SITE, ast.Load()), node)
        return ast.copy_location(ast.Call(function, [ast.Constant(number), inside], []), node)

    def _add(
        self, line: int, kind: Kind, text: str, variable: str, assigned: bool, leaves: list[int], name: str = ""
    ) -> int:
        own = self._function, self._loop, self._statement
        self._found.append(Site(self._file, line, kind, text, variable, assigned, *own, name, leaves))
        return len(self._found) - 1


#: what can be read once more and is not changed by that
_PLAIN = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Slice, ast.Tuple, ast.UnaryOp, ast.BinOp,
    ast.expr_context, ast.operator, ast.unaryop,
)  # fmt: skip


def _readable(node: ast.expr) -> bool:
    """Whether it stands for an array that can be looked at again: a name, or an entry or attribute by plain ways."""
    named = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
    return named and all(isinstance(part, _PLAIN) for part in ast.walk(node))


_SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.Mod: "%",
    ast.FloorDiv: "//", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
