"""The forward pass of every cell, once, as small named functions, and its composition for any array namespace.

A cell's module has GATES, STATES (``h`` first), ACTIVATIONS (the default first), PARAMETERS and EQUATIONS: functions in
the order in which they are computed. A function's name is the quantity that it computes, its arguments' names are the
quantities that it reads: the step's input ``x``, parameters, states of the step before (``h``, ``c``) and quantities
computed earlier in the step; ``h_next``, ``c_next`` are the states after it. ``ops`` is the array namespace (see
`references.ops`), ``phi`` the cell's activation. Each docstring begins with the equation's number.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

from references.equations import losses
from references.ops import Array, Ops, States

_NOT_CELLS = ("losses",)


class Cell(Protocol):
    """What a cell's module has."""

    GATES: tuple[str, ...]
    STATES: tuple[str, ...]
    ACTIVATIONS: tuple[str, ...]
    PARAMETERS: tuple[str, ...]
    EQUATIONS: tuple[Callable[..., Array], ...]


class Outcome(NamedTuple):
    """What the forward pass gives."""

    loss: Array
    trace: dict[str, Array]  #: every quantity of the equations, T first; a state by its own name, after the step


def cells() -> tuple[str, ...]:
    """The cells that have equations, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NOT_CELLS))


@cache
def cell(name: str) -> Cell:
    """The equations of a cell."""
    return cast(Cell, import_module(f"{__name__}.{name}"))


@cache
def reads(equation: Callable[..., Array]) -> tuple[str, ...]:
    """The quantities that an equation reads."""
    return tuple(inspect.signature(equation).parameters)


def forward(model: Any, ops: Ops, arrays: Mapping[str, Array]) -> Outcome:
    """Cell, readout and loss of a `references.model.Model`, in the namespace that ``ops`` and ``arrays`` belong to.

    ``arrays`` are a case's, with class indices as one-hot rows.
    """
    module = cell(model.cell)
    divisor = model.divisor(*arrays["x"].shape[:2])
    functions = {"ops": ops, "phi": getattr(ops, model.activation)}

    def step(states: States, x: Array) -> tuple[States, Mapping[str, Array]]:
        parameters = {name: ops.parameter(name, arrays[name]) for name in module.PARAMETERS}
        known = {**functions, **parameters, **states, "x": x}
        computed: dict[str, Array] = {}
        for equation in module.EQUATIONS:
            value = equation(**{name: known[name] for name in reads(equation)})
            known[equation.__name__] = computed[equation.__name__.removesuffix("_next")] = value
        after = {state: computed[state] for state in module.STATES}
        if model.readout:
            weights = (ops.parameter(name, arrays[name]) for name in ("W_hy", "b_y"))
            computed["z"] = losses.readout(after["h"], *weights)
        return after, computed

    final, kept = ops.scan(step, {state: arrays[f"{state}0"] for state in module.STATES}, arrays["x"])
    trace = dict(kept)
    if model.loss == losses.COTANGENT:
        pairs = [(final[state], arrays[f"G_{state}"]) for state in module.STATES if f"G_{state}" in arrays]
        return Outcome(losses.cotangent(ops, [(trace["h"], arrays["G"]), *pairs]) / divisor, trace)
    z = trace["z" if model.readout else "h"]
    return Outcome(losses.LOSSES[model.loss](ops, z, arrays["y"]) / divisor, trace)
