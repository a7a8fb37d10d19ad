"""Every right quantity of a case, by name: forward and adjoint, and the parts in which people compute them.

Nothing is written by cell: the equations are recorded (`references.graph`), differentiated, and every operation's value
and adjoint is kept. Names are those of the equations ("da_i", "dc_next"); what has none is named by how it is computed
("tanh(c)", "dh ⊙ o"). ``dh_next``, ``dc_next`` at t are what leaves step t towards step t − 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.case import Case
from references.arithmetic import Floats
from references.equations import losses
from references.graph import CONSTANT, INPUT, RECURRENT, WHOLE, Graph, Node, record
from references.reverse import Reverse

_SIGNS = {"add": "+", "subtract": "−", "multiply": "⊙", "divide": "÷", "matmul": ""}
_NAMES = {"sigmoid": "σ", "logsumexp": "ln Σ exp"}
#: the slope of an activation in the factors that it is computed with, from its value v
_SLOPES: dict[str, tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...]] = {
    "sigmoid": (("{}", lambda v: v), ("(1 − {})", lambda v: 1 - v)),
    "tanh": (("(1 − {}²)", lambda v: 1 - v * v),),
    "relu": (("({} > 0)", lambda v: (v > 0).astype(v.dtype)),),
}


@dataclass(frozen=True)
class Quantity:
    """A right value. ``axes`` are letters of T, B, D, H, K, A, and "1"; T is first where it depends on time."""

    axes: tuple[str, ...]
    array: np.ndarray
    family: str = ""  #: where every gate has such a one: its name with the gate left out, "da_{}"
    gate: str = ""


def quantities(case: Case) -> dict[str, np.ndarray]:
    """Every right quantity of the case in canonical axes, T first, in the order in which they are computed."""
    return {name: quantity.array for name, quantity in captured(case).items()}


def captured(case: Case) -> dict[str, Quantity]:
    """The same, with their axes."""
    return _Capture(case).found


class _Capture:
    """One case's recorded graph, computed at its arrays, and what is read off it."""

    def __init__(self, case: Case) -> None:
        self._case, self._model = case, case.model
        ready = self._model.for_equations(case.arrays, np.float64)
        self._graph: Graph = record(self._model, {name: array.shape for name, array in ready.items()})
        with np.errstate(over="ignore", invalid="ignore"):
            self._done = Reverse(self._graph, ready, Floats(), every=True)
        self._ready = ready
        self._axes: dict[Node, tuple[str, ...]] = {}
        self._text: dict[Node, str] = {}
        self._readers: dict[Node, list[Node]] = {}
        self.found: dict[str, Quantity] = {}
        self._name()
        self._forward()
        self._adjoints()
        self._products()
        self._by_gate()
        self._shares()

    # names and axes

    def _name(self) -> None:
        graph = self._graph
        known = {graph.x: "x", **{node: name for name, node in graph.leaves.items() if name != "x"}}
        known |= {node: f"{name}_prev" for name, node in graph.before.items()}
        known |= {node: name for name, node in graph.trace.items()}
        # The x of all steps is the leaf of that name, and the loss reads it nowhere.
        for node in self._nodes():
            for arg in node.args:
                self._readers.setdefault(arg, []).append(node)
            self._axes[node] = self._axes_of(node)
            self._text[node] = known.get(node) or self._text_of(node)

    def _nodes(self) -> list[Node]:
        return [*self._graph.leaves.values(), self._graph.x, *self._graph.before.values(),
                *(node for node in self._graph.nodes if node.args or node.op == "number")]  # fmt: skip

    def _axes_of(self, node: Node) -> tuple[str, ...]:
        args = [self._axes.get(arg, ()) for arg in node.args]
        if node.op == "leaf":
            targets = ("T", "B", "K" if self._model.readout else "H")
            indices = node.detail == "y" and self._model.loss in losses.ON_INDICES
            return targets if indices else self._model.axes[str(node.detail)]
        if node.op == "x":
            return ("B", "D")
        if node.op == "state":
            return ("B", "H")
        if node.op in ("number", "sum"):
            return ()
        if node.op == "matmul":
            return (*args[0][:-1], args[1][-1])
        if node.op == "transpose":
            return (*args[0][:-2], args[0][-1], args[0][-2])
        if node.op == "all":
            return ("T", *args[0])
        if node.op == "logsumexp":
            return (*args[0][:-1], "1")
        if node.op == "index":
            gate = args[0][-1] == "A" and node.level != WHOLE
            return (*args[0][:-1], "H") if gate else (*args[0][: len(node.shape) - 1], "1")
        return max(args, key=len)

    def _text_of(self, node: Node) -> str:
        texts = [self._text[arg] for arg in node.args]
        if node.op == "number":
            return f"{node.detail:g}"
        if node.op in ("all", "last"):
            return texts[0]
        if node.op == "transpose":
            return f"{texts[0]}ᵀ"
        if node.op == "index":
            gate = self._gate(node)
            return f"{texts[0]}_{gate}" if gate else f"{texts[0]}_0"
        if node.op in _SIGNS:
            parts = [f"({text})" if " " in text else text for text in texts]
            return f" {_SIGNS[node.op]} ".join(parts).replace("  ", " ")
        return f"{_NAMES.get(node.op, node.op)}({', '.join(texts)})"

    def _gate(self, node: Node) -> str:
        """The gate that an index takes out of a stack; empty for another index."""
        if self._axes[node.args[0]][-1] != "A" or node.level == WHOLE:
            return ""
        start = node.detail[-1].start
        return str(self._model.equations.GATES[start // node.shape[-1]])

    # values

    def _put(self, name: str, axes: Sequence[str], array: np.ndarray | None, family: str = "", gate: str = "") -> None:
        if array is not None and name not in self.found and array.ndim == len(axes):
            self.found[name] = Quantity(tuple(axes), array, family, gate)

    def _of(self, node: Node) -> tuple[str, ...]:
        return ("T", *self._axes[node]) if node.level in (INPUT, RECURRENT) else self._axes[node]

    def _forward(self) -> None:
        for node in self._nodes():
            if node.op == "number" or node is self._graph.leaves["x"]:
                continue
            value = self._done.value(node)
            if value is not None:
                self._put(self._text[node], self._of(node), np.asarray(value), *self._family(node, ""))
            if node.op == "logsumexp":
                z = np.asarray(self._done.value(node.args[0]))
                self._put(f"softmax({self._text[node.args[0]]})", self._of(node.args[0]), np.exp(z - value))

    def _family(self, node: Node, prefix: str) -> tuple[str, str]:
        text = self._text[node]
        for gate in self._model.equations.GATES:
            if text == gate and len(self._model.equations.GATES) > 1:
                return prefix + "{}", gate
            if text == f"a_{gate}":
                return prefix + "a_{}", gate
        return "", ""

    def _adjoints(self) -> None:
        n = self._model.divisor(*self._case.arrays["x"].shape[:2])
        before = {node: name for name, node in self._graph.before.items()}
        for node in reversed(self._nodes()):
            adjoint = self._done.adjoint(node)
            if node.op in ("number", "all", "last") or node is self._graph.leaves["x"] or adjoint is None:
                continue
            adjoint = np.broadcast_to(np.asarray(adjoint), np.asarray(self._done.value(node)).shape)
            text = self._text[node]
            name = f"d{before[node]}_next" if node in before else _d(text)
            self._put(name, self._of(node), adjoint, *self._family(node, "d"))
        for state in self._model.equations.STATES:
            total, carried = self.found[f"d{state}"], self.found[f"d{state}_next"].array
            final = self._ready.get(f"G_{state}", np.zeros_like(carried[0])) / n  # B H
            arrives = np.concatenate([carried[1:], final[None]])  # T B H
            self._put(f"G_{state} ÷ n" if n != 1 else f"G_{state}", ("B", "H"), final)
            name = "injected dh" if state == "h" else f"d{state} without what is carried"
            self._put(name, total.axes, total.array - arrives)

    def _products(self) -> None:
        """Factors of what an activation receives, and every product of some of them."""
        for node in self._nodes():
            if node.op not in _SLOPES:
                continue
            value, name, axes = np.asarray(self._done.value(node)), self._text[node], self._of(node)
            slopes = [(text.format(name), slope(value)) for text, slope in _SLOPES[node.op]]
            adjoint = self.found.get(_d(name))
            lists = [] if adjoint is None else [[(_d(name), adjoint.array), *slopes]]
            for reader in self._readers.get(node, []):
                if reader.op == "multiply" and reader.level == node.level:
                    other = reader.args[1] if reader.args[0] is node else reader.args[0]
                    received = self._done.adjoint(reader)
                    if received is not None and other is not node:
                        text = self._text[reader]
                        first = _d(text) if " " not in text else self._same(received) or _d(text)
                        lists.append(
                            [(first, received), (self._text[other], np.asarray(self._done.value(other))), *slopes]
                        )
            if node.op == "tanh":
                self._put(f"{name}²", axes, value * value)
            for factors in lists:
                for some in _some(factors):
                    family, gate = self._family(node, "")
                    product = np.prod([array for _, array in some], axis=0)
                    text = " ⊙ ".join(text for text, _ in some)
                    slope = len(some) == len(slopes) and some[0][0] == slopes[0][0]
                    self._put(text, axes, product, "slope of {}" if slope and family == "{}" else "", gate)

    def _same(self, array: np.ndarray) -> str:
        """The name of an adjoint of the equations that is the same: a sum's and its terms' are."""
        for name, quantity in self.found.items():
            if name.startswith("d") and quantity.array.shape == array.shape and np.array_equal(quantity.array, array):
                return name
        return ""

    def _by_gate(self) -> None:
        """What each gate, and some of them together, send to x and to the state before the step."""
        gates, H = self._model.equations.GATES, self._case.sizes["H"]
        da = self.found["da"].array
        for weight, to, axis in (("W_ih", "x", "D"), ("W_hh", "h", "H")):
            W = self._ready[weight]
            shares = [(gate, da[..., k * H : (k + 1) * H] @ W[k * H : (k + 1) * H]) for k, gate in enumerate(gates)]
            for some in _some(shares):
                text = " + ".join(f"da_{gate} {weight}_{gate}" for gate, _ in some)
                family = (f"da_{{}} to {to}", some[0][0]) if len(some) == 1 else ("", "")
                name = f"da {weight}" if len(some) == len(gates) else text
                self._put(name, ("T", "B", axis), sum(array for _, array in some[1:]) + some[0][1], *family)
        self._put("dx", ("T", "B", "D"), self.found["da"].array @ self._ready["W_ih"])

    def _shares(self) -> None:
        """The share of each step in every parameter's gradient."""
        for name in self._model.differentiated:
            leaf = self._graph.leaves[name]
            if name == "x" or name.endswith("0"):
                continue
            for node in self._reading(leaf):
                adjoint = self._done.adjoint(node)
                if adjoint is None:
                    continue
                if node.op == "matmul":
                    rows = np.asarray(self._done.value(node.args[0]))
                    share = np.einsum("tbi,tbj->tij", adjoint, rows)
                else:
                    share = np.asarray(adjoint).sum(axis=1)
                self._put(f"d{name} of one step", ("T", *self._axes[leaf]), share)
                self._put(f"d{name}", self._axes[leaf], share.sum(axis=0))

    def _reading(self, leaf: Node) -> Iterator[Node]:
        """The operations of a step that read a parameter, as it is, transposed or added to another."""
        for reader in self._readers.get(leaf, []):
            if reader.level == CONSTANT:
                yield from self._reading(reader)
            else:
                yield reader


def _d(text: str) -> str:
    """The name of an adjoint."""
    return f"d{text}" if text.replace("_", "").isalnum() else f"d({text})"


def _some(factors: Sequence[tuple[str, np.ndarray]]) -> Iterable[list[tuple[str, np.ndarray]]]:
    """Every choice of one or more, in their order."""
    for count in range(1, len(factors) + 1):
        yield from map(list, combinations(factors, count))
