"""Derivatives of a loss by every quantity of every step, by complex step through the references' equations.

What a page derives by hand is compared with this. One entry of one quantity is moved by i·h *after* it was computed,
or, for a state that a step reads, *as that step reads it*, and Im L ÷ h is its adjoint: nothing here knows a formula of
backward, and nothing is subtracted, so it is exact to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from references.complex_step import STEP, ComplexOps
from references.equations import cell, losses, reads
from references.model import Model

#: (quantity, step): where an entry is moved; step None for arrays that belong to no step
Place = tuple[str, int | None]


class _Ops(ComplexOps):
    def sum(self, a: Any) -> Any:
        return a.sum()


class Stepped:
    """A model's forward pass over arrays, entry by entry movable; steps count from 0."""

    def __init__(self, model: Model, arrays: Mapping[str, np.ndarray]) -> None:
        self.model = model
        self.arrays = {name: np.asarray(array, complex) for name, array in arrays.items()}
        self.T = len(self.arrays["x"])
        self.kept: dict[Place, np.ndarray] = {}
        self.loss({}, keep=True)

    def adjoint(self, quantity: str, t: int | None = None) -> np.ndarray:
        """dL/dv of a quantity of the equations at a step, or of an array.

        "h before" is the state as step t alone reads it; "h outside" are the states as the loss or the readout reads
        them, "h final" the last one as the term of G_h does.
        """
        value = self.kept[quantity, t]
        found = np.empty(value.shape)
        for index in np.ndindex(value.shape):
            moved = np.zeros(value.shape, complex)
            moved[index] = 1j * STEP
            found[index] = self.loss({(quantity, t): moved}).imag / STEP
        return found

    def value(self, quantity: str, t: int | None = None) -> np.ndarray:
        """What forward computed."""
        return self.kept[quantity, t].real

    def loss(self, moved: Mapping[Place, np.ndarray], keep: bool = False) -> Any:
        """L, with ``moved`` added where it says."""

        def at(quantity: str, t: int | None, value: Any) -> Any:
            if keep:
                self.kept[quantity, t] = value
            return value + moved[quantity, t] if (quantity, t) in moved else value

        ops, module = _Ops(), cell(self.model.cell)
        ops_named = {"ops": ops, "phi": getattr(ops, self.model.activation)}
        arrays = {name: at(name, None, array) for name, array in self.arrays.items()}
        states = {state: arrays[f"{state}0"] for state in module.STATES}
        h = []
        for t in range(self.T):
            before = {state: at(f"{state} before", t, value) for state, value in states.items()}
            known = {**arrays, **ops_named, **before, "x": arrays["x"][t]}
            for equation in module.EQUATIONS:
                value = equation(**{name: known[name] for name in reads(equation)})
                known[equation.__name__] = at(equation.__name__, t, value)
            states = {state: known[f"{state}_next"] for state in module.STATES}
            h.append(states["h"])
        divisor = self.model.divisor(*self.arrays["x"].shape[:2])
        outside = at("h outside", None, np.stack(h))
        if self.model.loss == losses.COTANGENT:
            ends = [(at(f"{state} final", None, states[state]), arrays[f"G_{state}"]) for state in module.STATES]
            return losses.cotangent(ops, [(outside, arrays["G"]), *ends]) / divisor
        z = outside
        z = losses.readout(z, arrays["W_hy"], arrays["b_y"]) if self.model.readout else z
        return losses.LOSSES[self.model.loss](ops, at("z", None, z), arrays["y"]) / divisor
