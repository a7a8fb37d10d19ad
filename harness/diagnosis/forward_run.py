"""The references' equations with changes: what a forward pass gives that is not quite the named cell's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from references.arithmetic import Floats
from references.equations import losses, reads
from references.model import Model

Arrays = dict[str, np.ndarray]
#: what a quantity of a step, a state before it or after it is called: "x", "h", "i", "c_next"
Known = Mapping[str, Any]

_FUNCTIONS = Floats().functions
ARRAYS, STATES, PREDICTIONS, LOSS = "arrays", "states", "predictions", "loss"


@dataclass(frozen=True, eq=False)
class Change:
    """One small change of the forward equations, by what it acts on.

    ``ARRAYS``: all that goes in → the same; ``STATES``: the states before a step and the initial ones → the former;
    an equation's name: its arguments and all that is known in the step → its arguments; the name and "=": its value →
    its value; ``PREDICTIONS``: z (T, B, ·) → z; ``LOSS``: the loss, z, y, T and B → the loss.
    """

    tag: str  #: the forward equation's: "3"
    sentence: str  #: "g lacks its tanh"
    at: str
    act: Callable[..., Any]


class Numbers:
    """The namespace of the equations: NumPy. ``only``: every function of one argument is this one."""

    def __init__(self, only: str = "") -> None:
        self.called: list[str] = []  #: the names of all functions that were asked for
        self._only = only

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        self.called.append(name)
        return function(self._only or name)

    @staticmethod
    def sum(a: Any) -> Any:
        """The sum of all entries."""
        return np.sum(a)


def function(name: str) -> Callable[[Any], Any]:
    """An elementary function by name; of several, "tanh tanh", the composition."""
    first, _, rest = name.partition(" ")
    value: Callable[[Any], Any] = _same if first == "identity" else _FUNCTIONS[first].value
    return (lambda a: value(function(rest)(a))) if rest else value


def _same(a: Any) -> Any:
    return a


def run(model: Model, arrays: Mapping[str, np.ndarray], changes: Sequence[Change] = ()) -> tuple[float, Arrays]:
    """Loss and trace (quantities of all steps, T first) of a case's arrays, with the changes, in their order."""

    def changed(at: str, value: Any, *beside: Any) -> Any:
        for change in changes:
            if change.at == at:
                value = change.act(value, *beside)
        return value

    ready: Arrays = changed(ARRAYS, model.for_equations(arrays))
    steps = computed(model)
    ops = Numbers()
    fixed = {"ops": ops, "phi": function(model.activation), **{name: ready[name] for name in parameters(model)}}
    cell = model.equations
    initial = {state: ready[f"{state}0"] for state in cell.STATES}
    states, kept = dict(initial), []
    for x in ready["x"]:
        states = changed(STATES, states, initial)
        known: dict[str, Any] = {**fixed, **states, "x": x}
        for name, equation in steps.items():
            own = reads(equation)
            read = {one: known[_after(one) if name == "z" else one] for one in own}
            known[name] = changed(f"{name}=", equation(**changed(name, read, known)))
        kept.append({name.removesuffix("_next"): known[name] for name in steps})
        states = {state: known[f"{state}_next"] for state in cell.STATES}
    trace: Arrays = {name: np.array([one[name] for one in kept]) for name in kept[0]}
    return float(changed(LOSS, *_loss(model, ops, ready, trace, changed))), trace


def computed(model: Model) -> dict[str, Callable[..., Any]]:
    """The equations of a step by what they compute, in order; the readout, as ``z``, is one."""
    named = {equation.__name__: equation for equation in model.equations.EQUATIONS}
    return named | ({"z": losses.readout} if model.readout else {})


def parameters(model: Model) -> tuple[str, ...]:
    """The names of cell's and readout's parameters."""
    return (*model.equations.PARAMETERS, *(("W_hy", "b_y") if model.readout else ()))


def _after(name: str) -> str:
    return f"{name}_next" if name == "h" else name


def _loss(
    model: Model, ops: Numbers, ready: Arrays, trace: Arrays, changed: Callable[..., Any]
) -> tuple[float, np.ndarray, np.ndarray, int, int]:
    T, B = ready["x"].shape[:2]
    z = changed(PREDICTIONS, trace["z" if model.readout else "h"])
    if model.loss != losses.COTANGENT:
        return losses.LOSSES[model.loss](ops, z, ready["y"]) / model.divisor(T, B), z, ready["y"], T, B  # type: ignore[arg-type]
    pairs = [(trace[state][-1], ready[f"G_{state}"]) for state in model.equations.STATES if f"G_{state}" in ready]
    return losses.cotangent(ops, [(z, ready["G"]), *pairs]) / model.divisor(T, B), z, ready["G"], T, B  # type: ignore[arg-type]
