"""A function of handgrad as faults see it: its tagged lines, and what every name in it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from harness.bank.lines import Line
from harness.bank.trees import called, root

#: Sizes of the case that tells which quantity has which axes: neither these nor their multiples meet by accident.
SIZES = {"T": 2, "B": 5, "D": 7, "H": 11, "K": 13}
_LETTERS = {2: "T", 3: "T+1", 5: "B", 7: "D", 11: "H", 13: "K", 10: "TB"}
_COTANGENTS = ("G", "final")


class Operand(NamedTuple):
    """An array that a line reads."""

    node: ast.expr
    text: str
    name: str  #: the local name at its root
    axes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Site:
    """A function, its tagged lines, and the values of its names at the end of one sound run."""

    owner: str  #: the first part of the ids of its faults
    function: str
    lines: tuple[Line, ...]
    values: Mapping[str, Any]
    cell: str = ""
    loss: str = ""
    readout: bool = False
    gates: tuple[str, ...] = ()  #: where several are stacked
    helpers: Mapping[str, ast.expr] = field(default_factory=dict)
    T: str = "T"  #: how the function says T
    B: str = "B"

    def value(self, expression: ast.expr | str) -> Any:
        """What an expression gives at the end of the sound run; None where it cannot be computed."""
        text = expression if isinstance(expression, str) else ast.unparse(expression)
        try:
            with np.errstate(all="ignore"):
                return eval(text, dict(self.values))
        except Exception:  # whatever it raises: it is no quantity of this function
            return None

    def axes(self, expression: ast.expr | str) -> tuple[str, ...]:
        """The axes of an expression: ("T", "B", "H"); empty for what is no array."""
        value = self.value(expression)
        return tuple(map(self._letter, value.shape)) if isinstance(value, np.ndarray) else ()

    def _letter(self, size: int) -> str:
        return "A" if self.gates and size == len(self.gates) * SIZES["H"] else _LETTERS.get(size, str(size))

    def fits(self, line: Line, value: ast.expr) -> bool:
        """Whether ``value`` can stand in a line: it can be computed, and has the shape of what stands there."""
        new, old = self.value(value), self.value(line.value)
        return isinstance(new, np.ndarray) and isinstance(old, np.ndarray) and new.shape == old.shape

    def operands(self, line: Line) -> tuple[Operand, ...]:
        """The arrays that a line reads, each once, in the order in which it reads them."""
        return tuple({operand.text: operand for operand in self._operands(line.value)}.values())

    def _operands(self, node: ast.AST) -> Iterator[Operand]:
        if isinstance(node, ast.Name | ast.Subscript):
            axes = self.axes(node)
            if axes:
                yield Operand(node, ast.unparse(node), root(node), axes)
                return
        children = list(ast.iter_child_nodes(node))
        if called(node) == "slope":
            children.pop()  # where the slope is written
        for child in children:
            yield from self._operands(child)

    @cached_property
    def adjoints(self) -> frozenset[str]:
        """The local names that hold adjoints: arrays called ``d`` and the name of a quantity, and the cotangents."""
        arrays = (name for name, value in self.values.items() if isinstance(value, np.ndarray))
        return frozenset((*_COTANGENTS, *(name for name in arrays if name.startswith("d"))))
