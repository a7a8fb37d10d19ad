"""Reverse mode through a recorded graph, in any arithmetic that NumPy's arrays can hold.

What does not depend on the states is computed for all steps at once, and so are all slopes; the loops over time do what
is left. Arrays may hold several samples at once, on an axis before the last two: weights (S, A, D), biases (S, 1, A),
x (T, S, B, D), initial states (S, B, H); losses are then (S,).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from references.arithmetic import Floats
from references.graph import CONSTANT, INPUT, RECURRENT, WHOLE, Graph, Node
from references.ops import Array

_PLAIN: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "transpose": lambda a: a.swapaxes(-1, -2),
}
#: the share of argument k in the adjoint of an operation that is linear in it
_LINEAR: dict[str, Callable[[int, Any, list[Any]], Any]] = {
    "add": lambda k, adjoint, args: adjoint,
    "subtract": lambda k, adjoint, args: -adjoint if k else adjoint,
    "multiply": lambda k, adjoint, args: adjoint * args[1 - k],
    "divide": lambda k, adjoint, args: adjoint / args[1],
    "transpose": lambda k, adjoint, args: adjoint.swapaxes(-1, -2),
}


class Reverse:
    """Forward and backward through ``graph`` at ``arrays``.

    ``batched``: they hold several samples. ``every``: the value and the adjoint of every node of a step are kept, for
    `value` and `adjoint`.
    """

    def __init__(
        self,
        graph: Graph,
        arrays: Mapping[str, Array],
        arithmetic: Floats,
        batched: bool = False,
        every: bool = False,
    ) -> None:
        self._graph, self._arithmetic, self._batched, self._every = graph, arithmetic, batched, every
        self._inner: dict[Node, Any] = {}  #: adjoints of the core's nodes, T first, where every one is kept
        self._value: dict[Node, Any] = {node: arrays[name] for name, node in graph.leaves.items()}
        self._value[graph.x] = arrays["x"]
        self._adjoint: dict[Node, Any] = {}
        self._forward()
        self._backward()

    @property
    def loss(self) -> Array:
        """The loss; one per sample."""
        return self._value[self._graph.loss]

    def gradient(self, name: str) -> Array:
        """Of an array, with its shape; zero where the loss does not depend on it."""
        node = self._graph.leaves[name]
        return self._adjoint[node] if node in self._adjoint else np.zeros_like(self._value[node])

    @property
    def quantities(self) -> tuple[str, ...]:
        """The names of all quantities of a step."""
        return tuple(self._graph.trace)

    def quantity(self, name: str) -> Array:
        """A quantity of the step, or a state after it; T first."""
        return self._value[self._graph.trace[name]]

    def value(self, node: Node) -> Array | None:
        """Of a node of the graph; T first where it depends on time. None for a number."""
        return self._value.get(node)

    def adjoint(self, node: Node) -> Array | None:
        """Of a node of the graph, with its value's shape; None where the loss does not depend on it."""
        return self._inner.get(node, self._adjoint.get(node))

    def _forward(self) -> None:
        graph = self._graph
        self._compute(graph.at(CONSTANT))
        self._compute(graph.at(INPUT))
        self._steps()
        self._compute(graph.at(RECURRENT))
        self._compute(graph.at(WHOLE))

    def _compute(self, nodes: list[Node]) -> None:
        for node in nodes:
            if node.args or node.op == "number":
                self._value[node] = self._function(node)(*(self._value[arg] for arg in node.args))

    def _function(self, node: Node) -> Callable[..., Any]:
        if node.op in _PLAIN:
            return _PLAIN[node.op]
        if node.op in self._arithmetic.functions:
            return self._arithmetic.functions[node.op].value
        others: dict[str, Callable[..., Any]] = {
            "number": lambda: node.detail,
            "index": lambda a: a[node.detail],
            "matmul": self._arithmetic.matmul,
            "sum": lambda a: self._arithmetic.total(a, self._batched),
            "all": lambda a: a,
            "last": lambda a: a[-1],
        }
        return others[node.op]

    def _steps(self) -> None:
        """The states step by step; every quantity on the way is kept."""
        graph, now = self._graph, dict(self._value)
        inputs = [(arg, self._value[arg]) for arg in _read_by(graph.core) if arg.level == INPUT]
        core = [(node, self._function(node), node.args) for node in graph.core]
        keep = [*graph.core, *graph.before.values()] if self._every else graph.kept
        kept: dict[Node, list[Any]] = {node: [] for node in keep}
        for name, node in graph.before.items():
            now[node] = self._value[graph.leaves[f"{name}0"]]
        for t in range(len(self._value[graph.x])):
            for node, values in inputs:
                now[node] = values[t]
            for node, function, args in core:
                now[node] = function(*[now[arg] for arg in args])
            for node, steps in kept.items():
                steps.append(now[node])
            now.update([(node, now[graph.after[name]]) for name, node in graph.before.items()])
        self._value |= {node: np.stack(steps) for node, steps in kept.items()}
        self._compute([node for node in graph.core if node.op == "index" and node not in kept])  # parts of what is kept

    def _backward(self) -> None:
        graph = self._graph
        self._adjoint[graph.loss] = np.ones_like(self.loss)
        self._hand_on(graph.at(WHOLE))
        self._hand_on(graph.at(RECURRENT))
        self._steps_back()
        self._hand_on(graph.at(INPUT))
        if graph.x in self._adjoint:
            self._adjoint[graph.leaves["x"]] = self._adjoint[graph.x]
        self._hand_on(graph.at(CONSTANT))

    def _hand_on(self, nodes: list[Node]) -> None:
        """The adjoints of ``nodes``, last first, to what they read."""
        for node in reversed(nodes):
            if node in self._adjoint:
                for k, arg in enumerate(node.args):
                    self._give(arg, node, k, self._adjoint[node])

    def _give(self, arg: Node, node: Node, k: int, adjoint: Any) -> None:
        if arg.op == "number":
            return
        args: list[Any] = [self._value.get(read) for read in node.args]
        if arg.level == CONSTANT < node.level < WHOLE:
            share = self._collected(node, k, adjoint, args)
        elif node.op == "sum":
            spread = adjoint.reshape(-1, 1, 1) if self._batched else adjoint
            share = np.broadcast_to(spread, args[0].shape)
        elif node.op == "last":
            share = np.zeros_like(args[0])
            share[-1] = adjoint
        elif node.op == "all":
            share = adjoint
        else:
            share = self._share(node, k, adjoint, args, self._value.get(node))
            share = share if args[k] is None else _fitted(share, np.shape(args[k]))
        self._adjoint[arg] = self._adjoint[arg] + share if arg in self._adjoint else share

    def _share(self, node: Node, k: int, adjoint: Any, args: list[Any], value: Any) -> Any:
        """What argument k receives of a node's adjoint, before broadcasting is undone."""
        if node.op in _LINEAR:
            return _LINEAR[node.op](k, adjoint, args)
        if node.op == "matmul":
            pair = (args[0].swapaxes(-1, -2), adjoint) if k else (adjoint, args[1].swapaxes(-1, -2))
            return self._arithmetic.matmul(*pair)
        if node.op == "index":
            share = np.zeros_like(args[0])
            share[node.detail] = adjoint
            return share
        return adjoint * self._arithmetic.functions[node.op].slope(value, args[0])

    def _collected(self, node: Node, k: int, adjoint: Any, args: list[Any]) -> Any:
        """What a constant receives from all steps and batch entries."""
        moving = [arg.level > CONSTANT for arg in node.args]

        def share(adjoint: Any, args: list[Any]) -> Any:
            if node.op == "matmul":
                rows, columns = (_rows(values, self._batched) for values in (args[0], adjoint))
                return self._arithmetic.matmul(rows.swapaxes(-1, -2), columns)
            return _fitted(self._share(node, k, adjoint, args, None), args[k].shape)

        def of_step(t: int) -> Any:
            """The first sample's share of a step."""
            slices = [(slice(t, t + 1), slice(1)) if m else slice(1) for m in moving]
            at = [None if arg is None else arg[part] for arg, part in zip(args, slices, strict=True)]
            return share(adjoint[t : t + 1, :1], at)

        terms = adjoint if node.op == "add" else None
        return self._arithmetic.collected(share(adjoint, args), of_step, terms, adjoint.shape[0], adjoint.shape[-2])

    def _steps_back(self) -> None:
        """The carried adjoints step by step; what constants and inputs receive follows, for all steps at once."""
        graph = self._graph
        T = len(self._value[graph.x])
        outside = {node: self._adjoint[node] for node in (*graph.core, *graph.before.values()) if node in self._adjoint}
        gathered = {
            arg: np.zeros_like(self._value[arg]) for arg in _read_by([n for n in graph.core if n.op == "index"])
        }
        plan = [
            (node, self._pulls(node, gathered), any(arg.level < RECURRENT for arg in node.args), gathered.get(node))
            for node in reversed(graph.core)
        ]
        kept: dict[Node, list[Any]] = {node: [] for node, _, keep, _ in plan if keep}
        carried = {node: np.zeros_like(self._value[node][0]) for node in graph.before.values()}
        every: dict[Node, list[Any]] = {node: [] for node in (*graph.core, *carried) if self._every}
        for t in range(T - 1, -1, -1):
            now = {graph.after[name]: carried[node] for name, node in graph.before.items()}
            for node, pulls, keep, parts in plan:
                adjoint = _sum(now.get(node), outside[node][t] if node in outside else None)
                adjoint = _sum(adjoint, None if parts is None else parts[t])
                if keep:
                    kept[node].append(adjoint)
                if self._every:
                    every[node].append(adjoint)
                for arg, pull in pulls:
                    now[arg] = _sum(now.get(arg), pull(adjoint, t))
            states = [(node, outside[node][t] if node in outside else None) for node in graph.before.values()]
            carried = {node: _sum(now.get(node), given) for node, given in states}
            if self._every:
                for node, adjoint in carried.items():
                    every[node].append(adjoint)
        self._inner = {node: np.stack(adjoints[::-1]) for node, adjoints in every.items()}
        for name, node in graph.before.items():
            self._adjoint[graph.leaves[f"{name}0"]] = carried[node]
        stacked: dict[tuple[int, ...], Any] = {}  # nodes of equal adjoints, such as a sum and its terms, share them
        for node, adjoints in kept.items():
            key = tuple(map(id, adjoints))
            if key not in stacked:
                stacked[key] = np.stack(adjoints[::-1])
            for k, arg in enumerate(node.args):
                if arg.level < RECURRENT:
                    self._give(arg, node, k, stacked[key])

    def _pulls(self, node: Node, gathered: Mapping[Node, Any]) -> list[tuple[Node, Callable[[Any, int], Any]]]:
        """For each recurrent argument of a node: its share of the node's adjoint at step t. Slopes are had at once.

        The shares of an array's parts are ``gathered`` in place, and None is what is left to add.
        """
        return [(arg, self._pull(node, k, gathered)) for k, arg in enumerate(node.args) if arg.level == RECURRENT]

    def _pull(self, node: Node, k: int, gathered: Mapping[Node, Any]) -> Callable[[Any, int], Any]:
        args: list[Any] = [self._value.get(arg) for arg in node.args]
        moving = [arg.level > CONSTANT for arg in node.args]
        if node.op == "add":
            return lambda adjoint, t: adjoint
        if node.op in self._arithmetic.functions:
            slope = self._arithmetic.functions[node.op].slope(self._value[node], args[0])
            return lambda adjoint, t: adjoint * slope[t]
        if node.op == "multiply" and all(moving):
            other = args[1 - k]
            return lambda adjoint, t: adjoint * other[t]
        if node.op == "index":
            parts = gathered[node.args[0]]

            def place(adjoint: Any, t: int) -> None:
                parts[t][node.detail] += adjoint

            return place
        of_step = [m and arg is not None for arg, m in zip(args, moving, strict=True)]
        return lambda adjoint, t: self._share(
            node, k, adjoint, [arg[t] if m else arg for arg, m in zip(args, of_step, strict=True)], None
        )


def _sum(one: Any, other: Any) -> Any:
    """Of two adjoints that may be missing."""
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _read_by(nodes: list[Node]) -> list[Node]:
    return list(dict.fromkeys(arg for node in nodes for arg in node.args))


def _rows(values: Any, batched: bool) -> Any:
    """All steps and batch entries as rows; samples first."""
    if batched:
        values = values.swapaxes(0, 1)  # S T B ·
        return values.reshape(len(values), -1, values.shape[-1])
    return values.reshape(-1, values.shape[-1])


def _fitted(share: Any, shape: tuple[int, ...]) -> Any:
    """Broadcasting undone: summed to ``shape``."""
    if np.shape(share) == shape:
        return share
    extra = share.ndim - len(shape)
    share = share.sum(axis=tuple(range(extra))) if extra else share
    axes = tuple(k for k, size in enumerate(shape) if size == 1 < share.shape[k])
    return share.sum(axis=axes, keepdims=True) if axes else share
