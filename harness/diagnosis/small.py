"""One equation of the forward pass by itself, and its automatic derivative: an adjoint equation, in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from references.arithmetic import Floats
from references.graph import Node, small, sorted_nodes

_FLOATS = Floats()
#: slopes as backward passes take them, of the activated value
_AT_VALUE: dict[str, Callable[[Any], Any]] = {"sigmoid": lambda p: p * (1 - p), "tanh": lambda p: 1 - p * p}


class Small:
    """``equation`` of a cell, in a step whose quantities have ``shapes``: (B, ·), and those of the parameters.

    Values come with time first, (T, B, ·), adjoints with any axes more in front of that.
    """

    def __init__(self, equation: Callable[..., Any], activation: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.name = equation.__name__
        self._leaves, self._end = small(equation, activation, shapes)
        self._nodes = sorted_nodes(self._end)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its value in one step."""
        return self._end.shape

    @property
    def arguments(self) -> tuple[str, ...]:
        """The quantities that it reads."""
        return tuple(self._leaves)

    def value(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """What it computes of its arguments."""
        known = self._known(values)
        result: np.ndarray = known[self._end]
        return result

    def at(
        self, values: Mapping[str, np.ndarray], own: np.ndarray | None = None
    ) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
        """What each argument receives of the adjoint of its value, at these values, as a function of that adjoint.

        Parameters receive in each step apart, summed over B. ``own`` is what backward takes for the equation's value,
        where that is another than it computes of its arguments: the slope of an activation is taken at it.
        """
        known = self._known(values)
        if own is not None and self._end.op in _AT_VALUE:
            slope = _AT_VALUE[self._end.op](own)
            inner = self._end.args[0]
            return lambda adjoint: self._back(known, inner, adjoint * slope)
        return lambda adjoint: self._back(known, self._end, adjoint)

    def _back(self, known: Mapping[Node, Any], end: Node, adjoint: np.ndarray) -> dict[str, np.ndarray]:
        adjoints: dict[Node, Any] = {end: adjoint}
        for node in reversed(self._nodes):
            if node not in adjoints or not node.args:
                continue
            args = [known[arg] for arg in node.args]
            for k, arg in enumerate(node.args):
                if arg.op != "number":
                    share = _fitted(_share(node, k, adjoints[node], args, known[node]), node, arg)
                    adjoints[arg] = adjoints[arg] + share if arg in adjoints else share
        return {name: adjoints[node] for name, node in self._leaves.items() if node in adjoints}

    def _known(self, values: Mapping[str, np.ndarray]) -> dict[Node, Any]:
        known: dict[Node, Any] = {}
        for node in self._nodes:
            args = [known[arg] for arg in node.args]
            known[node] = values[node.detail] if node.op == "leaf" else _value(node, args)
        return known


def _value(node: Node, args: list[Any]) -> Any:
    match node.op:
        case "number":
            return np.asarray(node.detail, float)
        case "index":
            return args[0][node.detail]
        case "transpose":
            return args[0].swapaxes(-1, -2)
        case "matmul" | "add" | "subtract" | "multiply" | "divide":
            return getattr(np, node.op)(*args)
    return _FLOATS.functions[node.op].value(args[0])


def _share(node: Node, k: int, adjoint: Any, args: list[Any], value: Any) -> Any:
    match node.op:
        case "add":
            return adjoint
        case "subtract":
            return -adjoint if k else adjoint
        case "multiply":
            return adjoint * args[1 - k]
        case "divide":
            return adjoint / args[1]
        case "transpose":
            return adjoint.swapaxes(-1, -2)
        case "matmul":
            other = args[1 - k].swapaxes(-1, -2)
            return other @ adjoint if k else adjoint @ other
        case "index":
            share = np.zeros((*adjoint.shape[:-1], args[0].shape[-1]), adjoint.dtype)
            share[node.detail] = adjoint
            return share
    return adjoint * _FLOATS.functions[node.op].slope(value, args[0])


def _fitted(share: Any, node: Node, arg: Node) -> Any:
    """Broadcasting undone: what a bias receives is summed over the batch."""
    extra = len(node.shape) - len(arg.shape) if node.op in ("add", "subtract", "multiply") else 0
    return share.sum(axis=tuple(range(-len(node.shape), -len(arg.shape)))) if extra > 0 else share
