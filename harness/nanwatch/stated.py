"""A recorded run of the named equations: its quantities by name, what equation gives each, and what goes into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from inspect import getdoc
from typing import NamedTuple

import numpy as np

from harness.diagnosis.texts import equations
from harness.nanwatch import words
from references.equations import losses, reads
from references.graph import Graph
from references.model import Model
from references.reverse import Reverse

#: names in the text of an adjoint equation: "da", "W_hh", "c_{t-1}", "x_t"
_NAMES = re.compile(r"[A-Za-z]+(?:_(?:\{t-1\}|[A-Za-z]+))?")


@dataclass(frozen=True)
class Place:
    """An entry of a quantity."""

    name: str
    step: int | None
    index: tuple[int, ...]  #: within the step, where it has one


class Input(NamedTuple):
    """What goes into an equation. ``axes`` are letters of T, B, D, H, K, A."""

    name: str
    axes: str
    array: np.ndarray


class Stated:
    """One run, forward and backward."""

    def __init__(self, model: Model, graph: Graph, done: Reverse, ready: Mapping[str, np.ndarray]) -> None:
        self.model, self._graph, self._done, self._ready = model, graph, done, ready
        self.quantities = done.quantities
        self.loss = np.asarray(done.loss)
        self.dtype: np.dtype[np.floating] = ready["x"].dtype
        self._H = ready["h0"].shape[1]

    def forward(self, name: str) -> np.ndarray:
        """A quantity of the step, or a state after it: T B ·."""
        return np.asarray(self._done.quantity(name))

    def adjoint(self, name: str) -> np.ndarray | None:
        """Its adjoint: T B ·. None where the loss does not depend on it."""
        adjoint = self._done.adjoint(self._graph.trace[name])
        return None if adjoint is None else np.broadcast_to(adjoint, self.forward(name).shape)

    def carried(self, state: str) -> np.ndarray:
        """What leaves each step towards the one before it: T B H."""
        adjoint = self._done.adjoint(self._graph.before[state])
        return np.zeros_like(self.forward(state)) if adjoint is None else np.asarray(adjoint)

    def gradient(self, name: str) -> np.ndarray:
        """Of an array that is differentiated."""
        return np.asarray(self._done.gradient(name))

    def value(self, place: Place) -> float:
        """The entry itself."""
        if place.name == "loss":
            return float(self.loss)
        whole = self._whole(place.name)
        return float(whole[place.index] if place.step is None else whole[place.step][place.index])

    def equation(self, place: Place) -> str:
        """Number and text of the equation that gives it."""
        name = place.name
        if name == "loss":
            return _line(losses.cotangent if self.model.loss == losses.COTANGENT else losses.LOSSES[self.model.loss])
        for equation in self.model.equations.EQUATIONS:
            if equation.__name__.removesuffix("_next") == name:
                return _line(equation)
        if name == "z":
            return _line(losses.readout)
        return next((f"({tag}) {text}" for tag, text in self._adjoint_equations(place)), f"{name} = ∂loss/∂{name[1:]}")

    def inputs(self, place: Place) -> tuple[tuple[str, str], ...]:
        """What goes into that equation, and which entry of it: the one that counts, or the largest of those."""
        fixed = self._fixed(place)
        return tuple((one.name, _entry(one, fixed)) for one in self._read(place))

    def _whole(self, name: str) -> np.ndarray:
        if name in self.quantities:
            return self.forward(name)
        if name.endswith("_next"):
            return self.carried(name[1:].removesuffix("_next"))
        inner = self.adjoint(name[1:]) if name[1:] in self.quantities else None
        return self.gradient(name[1:]) if inner is None else inner

    def _adjoint_equations(self, place: Place) -> Iterator[tuple[str, str]]:
        """The equations whose left side is an adjoint; of stacked pre-activations, that of the entry's gate."""
        name = place.name
        gates = self.model.equations.GATES
        if name == "da" and len(gates) > 1:
            name = f"da_{gates[place.index[-1] // self._H]}"
        if name in ("dh0", "dc0"):
            name = f"{name[:2]}_0"
        for tag, text in equations(self.model.cell).items():
            if re.search(rf"(^|[=,] ){name} = ", text) and "at T:" not in text and tag[-1] not in "HC":
                yield tag, text

    def _read(self, place: Place) -> Iterator[Input]:
        name, t = place.name, place.step
        if name == "loss":
            yield self._input("z" if self.model.readout else "h", "T", None)
        elif name == "z":
            yield from (self._input(one, "", t) for one in ("h", "W_hy", "b_y"))
        elif name in self.quantities:
            equation = next(e for e in self.model.equations.EQUATIONS if e.__name__.removesuffix("_next") == name)
            for one in reads(equation):
                if one in self.model.equations.STATES:
                    yield self._input(f"{one}_{{t-1}}", "", t)
                elif one not in ("ops", "phi"):
                    yield self._input(one.removesuffix("_next"), "", t)
        else:
            yield from self._read_by_adjoint(place)

    def _read_by_adjoint(self, place: Place) -> Iterator[Input]:
        text = next((text for _, text in self._adjoint_equations(place)), "")
        seen = {place.name}
        for name in _NAMES.findall(text.rpartition(" = ")[2]):
            plain = name if name == "c_{t-1}" or name == "h_{t-1}" else name.removesuffix("_t")
            known = self._adjoint_known(plain, place.step)
            if plain not in seen and known is not None:
                seen.add(plain)
                yield known

    def _adjoint_known(self, name: str, t: int | None) -> Input | None:
        """A quantity that an adjoint equation reads; None for what is no array of the run."""
        states, gates = self.model.equations.STATES, self.model.equations.GATES
        if name in self._ready or name in self.quantities or name in [f"{one}_{{t-1}}" for one in states]:
            return self._input(name, "T" if t is None else "", t)
        if name in [f"d{one}_next" for one in states]:  # what arrives from the step after
            carried = self.carried(name[1])
            if t is None:
                return Input(name, "BH", carried[0])
            last = self._ready.get(f"G_{name[1]}", np.zeros_like(carried[0]))
            return Input(name, "BH", last if t == len(carried) - 1 else carried[t + 1])
        if name == "G" and t is not None and self.model.readout:
            dz = self.adjoint("z")
            return None if dz is None else Input("dz W_hy", "BH", dz[t] @ self._ready["W_hy"])
        gate = name.removeprefix("da_")
        if name == f"da_{gate}" and gate in gates:
            k = gates.index(gate)
            whole, axes = self.adjoint("a"), "BH"
            whole = None if whole is None else whole[..., k * self._H : (k + 1) * self._H]
        elif name[:1] == "d" and name[1:] in self.quantities:
            whole, axes = self.adjoint(name[1:]), self._axes(name[1:])
        else:
            return None
        if whole is None:
            return None
        return Input(name, f"T{axes}", whole) if t is None else Input(name, axes, whole[t])

    def _input(self, name: str, lead: str, t: int | None) -> Input:
        """A forward quantity or an array that is given; all steps of it with ``lead`` "T", else that of step t."""
        state = name.removesuffix("_{t-1}")
        if state != name:
            before = np.concatenate([self._ready[f"{state}0"][np.newaxis], self.forward(state)[:-1]])
            return Input(name, f"{lead}BH", before if t is None else before[t])
        if name in self.quantities:
            whole, axes = self.forward(name), self._axes(name)
            return Input(name, f"{lead}{axes}", whole if t is None else whole[t])
        if name == "x" and t is not None:
            return Input(name, "BD", self._ready["x"][t])
        return Input(name, "".join(self.model.axes[name]), self._ready[name])

    def _axes(self, name: str) -> str:
        return {"a": "BA", "z": "BK"}.get(name, "BH")

    def _fixed(self, place: Place) -> dict[str, int]:
        """Which entry along each axis belongs to the place; what is summed over is left out."""
        name, index = place.name, place.index
        if not index:
            return {}
        if place.step is None:
            axes = self.model.axes[name[1:]]
            return dict(zip(axes, index, strict=True))
        b, k = index[0], index[-1]
        if name == "a":
            return {"B": b, "A": k}
        if name == "da":
            return {"B": b, "A": k, "H": k % self._H}
        if name in ("z", "dz"):
            return {"B": b, "K": k}
        if name == "dx":
            return {"B": b, "D": k}
        gates = self.model.equations.GATES
        stacked = {"A": gates.index(name) * self._H + k} if name in gates and name != "a" else {}
        elementwise = {"A": k} if name == "h" and len(gates) == 1 else {}
        return {"B": b, "H": k, **stacked, **elementwise}


def _line(documented: object) -> str:
    return (getdoc(documented) or "").splitlines()[0].removesuffix(".")


def _entry(one: Input, fixed: Mapping[str, int]) -> str:
    """The entry at what is fixed, or the largest along the axes that are not."""
    letters = list(one.axes)
    free = [k for k, letter in enumerate(letters) if letter not in fixed]
    part = one.array[tuple(fixed.get(letter, slice(None)) for letter in letters)]
    sizes = np.where(np.isfinite(part), np.abs(part), np.inf)
    at = np.unravel_index(int(np.argmax(sizes)), np.shape(part)) if free else ()
    index = [fixed.get(letter, 0) for letter in letters]
    for axis, k in zip(free, at, strict=True):
        index[axis] = int(k)
    return ("largest " if np.size(part) > 1 else "") + words.entry(one.array, tuple(index))
