"""What a candidate declares of its backward pass beside the gradients: a trace, in the axes of the equations.

Adjoints go by the names of `Backward`, ``dh``, ``da_i``, ``dh_next``; what backward reads of the tape is ``tape_q`` for
a gate or a state q, states being those before the step; ``order`` is the steps, from 0, as the loop visits them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.diagnosis.backward import Backward

#: before the name of what is read
TAPE_NAME = "tape_"
ORDER = "order"


@dataclass(frozen=True)
class Declared:
    """A trace, as far as it has the shapes that it should have."""

    adjoints: dict[str, np.ndarray] = field(default_factory=dict)
    tape: dict[str, np.ndarray] = field(default_factory=dict)  #: as backward reads them, by plain name
    order: tuple[int, ...] | None = None  #: the steps that the loop visits
    factor: float = 1.0  #: what the gradients are declared to be a multiple by; adjoints may be that or may not
    notes: tuple[str, ...] = ()  #: what was left out, and why


def declared(trace: Mapping[str, np.ndarray], backward: Backward, factor: float = 1.0) -> Declared:
    """The trace of a case whose adjoint equations are ``backward``, as it is.

    Names that are no quantity of the backward pass are passed over, forward ones may stand beside it.
    """
    found, notes = Declared(), []
    order = None
    for name, given in trace.items():
        tape = name.removeprefix(TAPE_NAME) if name.startswith(TAPE_NAME) else ""
        if name == ORDER:
            order = _steps(given, backward.T)
            notes += [f"trace: {ORDER}: got {given!r}, needs steps from 0 to {backward.T - 1}"] * (order is None)
        elif tape in backward.forward:
            values = _fitting(name, given, backward.forward[tape].shape, notes)
            if values is not None:
                found.tape[tape] = values
        elif name in backward.by_quantity and not backward.by_quantity[name].graded:
            values = _fitting(name, given, backward.shapes[name], notes)
            if values is not None:
                found.adjoints[name] = values
    return Declared(found.adjoints, found.tape, order, factor, tuple(f"{note}: left out" for note in notes))


def _steps(given: np.ndarray, T: int) -> tuple[int, ...] | None:
    steps = np.asarray(given)
    if steps.ndim != 1 or not np.isin(steps, range(T)).all():
        return None
    return tuple(int(t) for t in steps)


def _fitting(name: str, given: np.ndarray, shape: tuple[int, ...], notes: list[str]) -> np.ndarray | None:
    array = np.asarray(given)
    values = _axes(array.astype(float), shape) if array.dtype.kind in "fiu" else None
    if values is None:
        notes.append(f"trace: {name}: got shape {array.shape} of {array.dtype}, needs numbers of shape {shape}")
    elif not np.isfinite(values).all():
        notes.append(f"trace: {name}: got entries that are not finite")
        return None
    return values


def _axes(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """The array with the axes that its equation has: those of size 1, such as a batch of one, may be missing."""
    if array.shape == shape:
        return array
    if tuple(n for n in array.shape if n > 1) == tuple(n for n in shape if n > 1):
        return array.reshape(shape)
    return None
