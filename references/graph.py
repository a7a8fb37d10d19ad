"""The equations recorded: a model's forward pass as a graph of small operations, one step of the cell and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from references.equations import forward, reads
from references.model import Model
from references.ops import States, Step

#: How a quantity depends on time. CONSTANT: not at all. INPUT: through x only, so all steps can be had at once.
#: RECURRENT: through the states of the step before. WHOLE: an array of all steps, or what is made of such.
CONSTANT, INPUT, RECURRENT, WHOLE = range(4)

#: Operations whose backward reads no value of their own.
LINEAR = ("add", "subtract", "multiply", "divide", "matmul", "transpose", "index")


class Node:
    """A quantity: the operation that gives it, and what that reads. ``shape`` is one case's, in a step without T."""

    def __init__(self, op: str, args: tuple[Node, ...], shape: tuple[int, ...], level: int, detail: Any = None) -> None:
        self.op, self.args, self.shape, self.level = op, args, shape, level
        self.detail = detail  #: a leaf's name, a number's value, the key of an index

    def __add__(self, other: Node | float) -> Node:
        return _elementwise("add", self, other)

    def __radd__(self, other: float) -> Node:
        return self if other == 0 else _elementwise("add", self, other)

    def __sub__(self, other: Node | float) -> Node:
        return _elementwise("subtract", self, other)

    def __mul__(self, other: Node | float) -> Node:
        return _elementwise("multiply", self, other)

    def __truediv__(self, other: float) -> Node:
        return self if other == 1 else _elementwise("divide", self, other)

    def __matmul__(self, other: Node) -> Node:
        return _record("matmul", (self, other), (*self.shape[:-1], other.shape[-1]))

    @property
    def mT(self) -> Node:
        """The transpose of the last two axes."""
        return _record("transpose", (self,), (*self.shape[:-2], self.shape[-1], self.shape[-2]))

    def __getitem__(self, key: Any) -> Node:
        return _record("index", (self,), np.empty(self.shape, np.bool_)[key].shape, key)


def _record(op: str, args: tuple[Node, ...], shape: tuple[int, ...], detail: Any = None) -> Node:
    return Node(op, args, shape, max(arg.level for arg in args), detail)


def _elementwise(op: str, one: Node, other: Node | float) -> Node:
    two = other if isinstance(other, Node) else Node("number", (), (), CONSTANT, other)
    return _record(op, (one, two), np.broadcast_shapes(one.shape, two.shape))


@dataclass
class Graph:
    """Everything that a forward pass computes. Lists are in the order of computation."""

    leaves: dict[str, Node]
    loss: Node
    trace: dict[str, Node]  #: quantities of a step
    x: Node  #: the input of a step
    before: dict[str, Node]  #: the states before a step
    after: dict[str, Node]  #: the states after it
    nodes: list[Node] = field(default_factory=list)
    core: list[Node] = field(default_factory=list)  #: recurrent ones that the next step's states depend on
    kept: list[Node] = field(default_factory=list)  #: recurrent ones whose values are needed after the loop over time

    def at(self, level: int) -> list[Node]:
        """The operations of a level, without the core."""
        core = set(self.core)
        return [node for node in self.nodes if node.level == level and node not in core]


class _Recorder:
    """The namespace in which the equations are recorded."""

    def __init__(self) -> None:
        self.x: Node
        self.before: dict[str, Node] = {}
        self.after: dict[str, Node] = {}

    def __getattr__(self, name: str) -> Callable[[Node], Node]:
        return lambda a: _record(name, (a,), a.shape)  # sigmoid, tanh, relu, softplus

    def identity(self, a: Node) -> Node:
        return a

    def logsumexp(self, a: Node) -> Node:
        return _record("logsumexp", (a,), (*a.shape[:-1], 1))

    def sum(self, a: Node) -> Node:
        return _record("sum", (a,), ())

    def parameter(self, name: str, array: Node) -> Node:
        return array

    def scan(self, step: Step, states: States, xs: Node) -> tuple[States, Mapping[str, Node]]:
        T = xs.shape[0]
        self.x = Node("x", (), xs.shape[1:], INPUT)
        self.before = {name: Node("state", (), node.shape, RECURRENT, name) for name, node in states.items()}
        after, kept = step(self.before, self.x)
        self.after = dict(after)
        final = {name: Node("last", (node,), node.shape, WHOLE, name) for name, node in after.items()}
        return final, {name: Node("all", (node,), (T, *node.shape), WHOLE) for name, node in kept.items()}


def record(model: Model, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """The graph of a model's forward pass on arrays of these shapes, which are as `equations.forward` reads them."""
    return _recorded(model, tuple(shapes.items()))


@lru_cache(maxsize=64)
def _recorded(model: Model, named: tuple[tuple[str, tuple[int, ...]], ...]) -> Graph:
    shapes = dict(named)
    recorder = _Recorder()
    leaves = {name: Node("leaf", (), shape, CONSTANT, name) for name, shape in shapes.items()}
    outcome = forward(model, recorder, leaves)
    trace = {name: node.args[0] for name, node in outcome.trace.items()}
    graph = Graph(leaves, outcome.loss, trace, recorder.x, recorder.before, recorder.after)
    graph.nodes = _sorted([outcome.loss, *outcome.trace.values(), *recorder.after.values()])
    core = set(_sorted(list(recorder.after.values())))
    graph.core = [node for node in graph.nodes if node in core and node.level == RECURRENT and node.args]
    graph.kept = _kept(graph)
    return graph


def small(
    equation: Callable[..., Any], activation: str, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, Node], Node]:
    """One equation of a cell by itself: its arguments, of these shapes in one step, and what it gives."""
    recorder = _Recorder()
    args = {name: Node("leaf", (), shape, RECURRENT, name) for name, shape in shapes.items()}
    functions = {"ops": recorder, "phi": getattr(recorder, activation)}
    known = {**functions, **args}
    return args, equation(**{name: known[name] for name in reads(equation)})


def sorted_nodes(end: Node) -> list[Node]:
    """Everything that ``end`` depends on, arguments first, itself last."""
    return _sorted([end])


def _kept(graph: Graph) -> list[Node]:
    """The trace, what backward reads, and what is computed from the core. Of parts, the array they are parts of."""
    core = {*graph.core, *graph.before.values()}
    needed = {*graph.trace.values(), *graph.after.values(), *graph.before.values()}
    for node in graph.nodes:
        if node not in core or node.op not in ("add", "subtract", "index"):  # whose backward reads no value
            needed.update(node.args)
        if node.op not in LINEAR:
            needed.add(node)
    whole = {node.args[0] if node.op == "index" else node for node in needed if node in core}
    return [node for node in graph.nodes if node in whole]


def _sorted(ends: list[Node]) -> list[Node]:
    """Everything that ``ends`` depend on, arguments first."""
    found: dict[Node, None] = {}

    def visit(node: Node) -> None:
        if node not in found:
            for arg in node.args:
                visit(arg)
            found[node] = None

    for end in ends:
        visit(end)
    return list(found)
