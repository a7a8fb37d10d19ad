"""The candidate's own arithmetic with its roundings drawn anew: how far rounding may carry what it computes.

The source is rewritten so that the result of every sum, product and elementary function is moved by up to a unit in its
last place, at random. Cancellations, such as 1 − h² of a saturated unit, then show as they do in a sound gradient of
another order of operations. Results that are written into a given array (``out=``) are left as they are. Of complex
numbers, in which a derivative is carried along, both parts are moved alike.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

#: the name that rewritten code calls
MOVED = "_handgrad_moved"
_OPERATIONS = ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow | ast.MatMult
#: functions whose result is a new array
_FUNCTIONS = {
    "add", "cosh", "cumsum", "divide", "dot", "einsum", "exp", "expit", "expm1", "inner", "log", "log10",
    "log1p", "log2", "logaddexp", "logistic", "logsumexp", "matmul", "mean", "multiply", "norm", "outer",
    "power", "prod", "reciprocal", "sigm", "sigmoid", "sinh", "softmax", "softplus", "sqrt", "square", "std",
    "subtract", "sum", "tanh", "tensordot", "true_divide", "var", "vdot",
}  # fmt: skip


def rewritten(source: str | bytes, filename: str) -> ast.Module:
    """The tree of the source, to be compiled under its own file's name."""
    return with_moves(ast.parse(source, filename))


def with_moves(tree: ast.Module) -> ast.Module:
    """The tree in which every result is moved."""
    module: ast.Module = ast.fix_missing_locations(_Rewriter().visit(tree))
    return module


class _Rewriter(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _moved(node) if isinstance(node.op, _OPERATIONS) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, _OPERATIONS):
            node.value = _moved(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        written = any(keyword.arg in ("out", None) for keyword in node.keywords)
        return _moved(node) if name in _FUNCTIONS and not written else node


def _moved(node: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.copy_location(ast.Name(MOVED, ast.Load()), node), [node], []), node)


class Mover:
    """Moves numbers by up to ``part`` of their size, or by a unit in the last place of a narrower dtype."""

    def __init__(self) -> None:
        self.begin(0.0, 0)

    def begin(self, part: float, seed: int) -> None:
        """Draw from here on from ``seed``."""
        self._part, self._random = part, np.random.default_rng(seed)
        self.moved = False  #: whether there was anything to move

    def __call__(self, value: Any) -> Any:
        """The value, moved where it is floats. Whole numbers stay: they may become indices."""
        if isinstance(value, complex):  # NumPy's too
            return type(value)(complex(*self._parts(np.asarray(value))))
        if isinstance(value, float | np.floating):
            whole = not np.isfinite(value) or value == round(value)
            self.moved |= not whole
            return value if whole else type(value)(value * (1 + self._size(value) * self._random.uniform(-1, 1)))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return self._parts(value)[0]
        if isinstance(value, np.ndarray) and value.dtype.kind == "c":
            result = np.empty_like(value)
            result.real, result.imag = self._parts(value)
            return result
        return self._tensor(value)

    def _parts(self, value: np.ndarray) -> tuple[Any, Any]:
        """The real and imaginary parts, moved alike; one by one, for infinity times a complex number is none."""
        real, imag = value.real, value.imag
        if not (real != np.round(real)).any():
            return real, imag
        self.moved = True
        factor = np.asarray(1 + self._size(real) * self._random.uniform(-1, 1, real.shape)).astype(real.dtype)
        return np.multiply(real, factor), np.multiply(imag, factor)

    def _size(self, value: Any) -> float:
        return max(self._part, float(np.finfo(np.asarray(value).dtype).eps))

    def _tensor(self, value: Any) -> Any:
        """PyTorch's tensors, each by a factor of its own; JAX compiles, and a factor would be the same every time."""
        if type(value).__module__.partition(".")[0] == "torch" and str(getattr(value, "dtype", "")) == "torch.float64":
            self.moved = True
            return value * (1 + self._part * self._random.uniform(-1, 1))
        return value


_complex_runs = Mover()
_drawing = False


@contextmanager
def drawn(seed: int) -> Iterator[None]:
    """In here complex runs, which are exact otherwise, have their roundings drawn from ``seed``."""
    global _drawing
    _complex_runs.begin(0.0, seed)
    _drawing = True
    try:
        yield
    finally:
        _drawing = False


def moved_if_drawn(value: Any) -> Any:
    """What a complex run's results pass through."""
    return _complex_runs(value) if _drawing else value
