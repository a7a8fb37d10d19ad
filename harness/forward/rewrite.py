"""The candidate's source with its few operations that complex numbers do not have, or have otherwise, sent elsewhere.

The tree keeps its lines, so a traceback shows the author's own. Three things are rewritten, each to a call of a
function in `harness.forward.methods`, under names that are the private builtins' alone:

- operands of a comparison: the real parts decide, as in the real run, so both take the same branches;
- methods of arrays that are not analytic or that fix a dtype, `x.conj()`, `x.astype(float)`, `x.item()`, …;
- what is put into text: `f"{loss:.3f}"` and `"%.3f" % loss` show the real part.

Before that, `harness.forward.rough` sends every result through a function that can draw its rounding anew.
"""

from __future__ import annotations

import ast

from harness.forward import rough
from harness.forward.methods import REWRITTEN

#: the names that rewritten code calls; each is a function of `harness.forward.methods`
COMPARED, METHOD, SHOWN = "_handgrad_compared", "_handgrad_method", "_handgrad_shown"


def rewritten(source: str | bytes, filename: str) -> ast.Module:
    """The tree of the source, to be compiled under its own file's name."""
    tree = _Rewriter().visit(rough.rewritten(source, filename))
    module: ast.Module = ast.fix_missing_locations(tree)
    return module


class _Rewriter(ast.NodeTransformer):
    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if all(isinstance(op, ast.Eq | ast.NotEq | ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops):
            node.left = _unless_constant(COMPARED, node.left)
            node.comparators = [_unless_constant(COMPARED, one) for one in node.comparators]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and node.attr in REWRITTEN:
            return _call(METHOD, node.value, ast.copy_location(ast.Constant(node.attr), node))
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        node.value = _call(SHOWN, node.value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        text = isinstance(node.left, ast.JoinedStr) or (
            isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
        )
        self.generic_visit(node)
        if text and isinstance(node.op, ast.Mod):
            node.right = _call(SHOWN, node.right)
        return node


def _unless_constant(name: str, node: ast.expr) -> ast.expr:
    return node if isinstance(node, ast.Constant) else _call(name, node)


def _call(name: str, *args: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.copy_location(ast.Name(name, ast.Load()), args[0]), list(args), []), args[0])
