"""The code's expressions in the notation of its equations: ``dc * c[t]`` is dc ⊙ c_{t-1}."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from harness.bank.lines import Line
from harness.bank.site import Site
from harness.bank.trees import called

_SIGNS: Mapping[type[ast.operator], str] = {
    ast.Add: " + ",
    ast.Sub: " − ",
    ast.Mult: " ⊙ ",
    ast.Div: " ÷ ",
    ast.MatMult: " ",
}
_LETTERS = {" ": "", "φ'": "slope", "⊙": ".", "−": "-", "²": "2", "_{t-1}": "_prev", "_t": ""}
_NOUNS = {"final": "the final states' cotangent", "dh0": "dh_0", "dc0": "dc_0"}


def noun(line: Line) -> str:
    """What a line computes, as the subject of a sentence."""
    name = _NOUNS.get(line.quantity, line.quantity)
    return f"{name} at T" if line.enters else name


def symbols(site: Site, node: ast.expr | str) -> str:
    """An expression as the docstrings write it; states are indexed by the step after which they hold."""
    tree = ast.parse(node, mode="eval").body if isinstance(node, str) else node
    match tree:
        case ast.Name(name) if name in site.helpers:
            return symbols(site, rearranged(site.helpers[name]))
        case ast.Name("x") if site.cell:
            return "x_t"
        case ast.Name(name):
            return name
        case ast.Subscript(value=ast.Name(name), slice=where):
            return _indexed(site, name, where)
        case ast.Attribute(value=value, attr="T"):
            return f"{symbols(site, value)}ᵀ"
        case ast.BinOp(left=ast.Name(left), op=ast.Mult(), right=ast.Name(right)) if left == right:
            return f"{left}²"
        case ast.BinOp(op=ast.Mult()) if ast.unparse(tree.left) == ast.unparse(tree.right):
            return f"{symbols(site, tree.left)}²"
        case ast.BinOp(left=left, op=op, right=right):
            return f"{_grouped(site, left, op)}{_SIGNS[type(op)]}{_grouped(site, right, op)}"
        case ast.UnaryOp(op=ast.USub(), operand=value):
            return f"−{_grouped(site, value, ast.Mult())}"
        case ast.Call() if called(tree) == "slope":
            return "φ'"
        case ast.Call() if called(tree) == "reshape":
            return symbols(site, rearranged(tree))
        case ast.Call(func=ast.Attribute(value=value)) if called(tree) == "sum":
            return f"Σ {symbols(site, value)}"
        case _:
            return ast.unparse(tree)


def rearranged(helper: ast.expr) -> ast.expr:
    """The array that a helper (``h[:-1].reshape(T * B, H)``) takes the rows of."""
    assert isinstance(helper, ast.Call) and isinstance(helper.func, ast.Attribute)
    return helper.func.value


def _grouped(site: Site, node: ast.expr, around: ast.operator) -> str:
    text = symbols(site, node)
    sums = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    return f"({text})" if sums and not isinstance(around, ast.Add) else text


def _indexed(site: Site, name: str, where: ast.expr) -> str:
    match where:
        case ast.Constant(str(key)):
            return f"G_{key}" if name == "final" else key
        case ast.JoinedStr():
            return "the final states' cotangent"
        case ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)), None):  # all but the state after the last step
            return f"{name}_{{t-1}}"
    index = ast.unparse(where)
    if index == "-1":
        return f"{name}_T"
    if site.axes(name)[:1] == ("T+1",):  # index 0 is the initial state
        return {"t": f"{name}_{{t-1}}", "t + 1": f"{name}_t"}.get(index, f"{name}[{index}]")
    return name if index == "t" else f"{name}[{index}]"


def slug(text: str) -> str:
    """Symbols as a part of an id."""
    for symbol, letters in _LETTERS.items():
        text = text.replace(symbol, letters)
    return text


def stepped(name: str, offset: int) -> str:
    """A quantity some steps after the step at work: ``c_{t-1}``; for a state, after that step."""
    return f"{name}_t" if offset == 0 else f"{name}_{{t{offset:+d}}}"
