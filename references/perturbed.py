"""Losses with one element moved, many elements at a time: for references that evaluate the equations and no adjoint.

The equations run on arrays with one more axis, P, an entry per moved element: sequences are T P B …, states P B H,
weights P A D, biases P 1 A. What is not moved has P = 1 and broadcasts. Batch entries know nothing of each other, so an
element of x or of an initial state is moved in all of them at once, and losses are P B.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from references import patience
from references.equations import Outcome, forward
from references.model import Model
from references.ops import Array, Ops, States, Step, loop

#: Bytes that the losses of one chunk of elements may take up, roughly.
MEMORY = 64 * 2**20
#: The quantities of the trace that losses read.
_READ = ("h", "z")

#: the name of an array and which of its elements, E → results … E B, with B = 1 for a parameter
Derive = Callable[[str, np.ndarray], np.ndarray]


class PerturbedOps:
    """What the equations need that does not depend on the arithmetic, for arrays with an axis P."""

    def __init__(self, traced: bool = False) -> None:
        self._traced = traced  #: keep the whole trace, not only what losses read

    def identity(self, a: Array) -> Array:
        """The argument."""
        return a

    def parameter(self, name: str, array: Array) -> Array:
        """The array itself."""
        return array

    def sum(self, a: Array) -> Array:
        """The sum over all axes but P and B; a sequence is T P B …, a state P B …."""
        return a.sum(axis=(0, -1) if a.ndim == 4 else -1)

    def scan(self, step: Step, states: States, xs: Array) -> tuple[States, Mapping[str, Array]]:
        """A plain loop."""

        def kept(states: States, x: Array) -> tuple[States, Mapping[str, Array]]:
            after, computed = step(states, x)
            return after, {name: value for name, value in computed.items() if self._traced or name in _READ}

        return loop(_stack, kept, states, xs)


def _stack(steps: Sequence[Array]) -> Array:
    return np.stack(np.broadcast_arrays(*steps))  # P = 1 as long as the moved element has no effect


def evaluate(model: Model, ops: Ops, arrays: Mapping[str, np.ndarray], moved: Mapping[str, np.ndarray]) -> Outcome:
    """Loss (P B) and trace (T P B …) of arrays as the equations read them; those that are ``moved`` begin with P."""
    rows = {name: array[np.newaxis] for name, array in arrays.items()} | dict(moved)
    placed = {name: _placed(model.axes[name], array) for name, array in rows.items()}
    outcome = forward(replace(model, reduction="sum"), ops, placed)  # any other would take P for B
    T, B = arrays["x"].shape[:2]
    return Outcome(outcome.loss / model.divisor(T, B), outcome.trace)


def _placed(axes: tuple[str, ...], rows: np.ndarray) -> np.ndarray:
    """P where the equations broadcast it."""
    if axes[0] == "T":
        return np.moveaxis(rows, 0, 1)
    return rows[:, np.newaxis] if len(axes) == 1 else rows


def losses(
    model: Model, ops: Ops, arrays: Mapping[str, np.ndarray], name: str, which: np.ndarray, shift: Any
) -> np.ndarray:
    """The losses (P B, or P 1 for a parameter) with ``shift`` (a number or P 1) added to element ``which`` (P)."""
    axes, array = model.axes[name], arrays[name]
    copies = np.repeat(to_elements(axes, array)[np.newaxis], len(which), axis=0)  # P E B
    copies[np.arange(len(which)), which] += shift
    return per_element(axes, evaluate(model, ops, arrays, {name: from_elements(axes, array.shape, copies)}).loss)


def per_element(axes: tuple[str, ...], values: np.ndarray) -> np.ndarray:
    """… B → … B for an array with a batch axis, whose entries each have their own; for a parameter their sum, … 1."""
    return values if "B" in axes else values.sum(axis=-1, keepdims=True)


def to_elements(axes: tuple[str, ...], array: np.ndarray) -> np.ndarray:
    """E B: an array's elements, those of all batch entries in a row; E 1 where it has no batch axis."""
    if "B" not in axes:
        return array.reshape(-1, 1)
    k = axes.index("B")
    return np.moveaxis(array, k, -1).reshape(-1, array.shape[k])


def from_elements(axes: tuple[str, ...], shape: tuple[int, ...], values: np.ndarray) -> np.ndarray:
    """… E B → … and the array's ``shape``: the way back, with any axes before it."""
    before = values.shape[:-2]
    if "B" not in axes:
        return values.reshape(before + shape)
    k = axes.index("B")
    return np.moveaxis(values.reshape(before + shape[:k] + shape[k + 1 :] + shape[k : k + 1]), -1, k - len(shape))


def unmoved(
    model: Model, ops: Ops, arrays: Mapping[str, np.ndarray], rows: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The losses (B) and the trace (T B …) of the case as it is.

    Raises `Unavailable` where this takes so long that ``rows`` losses for every element are out of the question.
    """
    started = time.perf_counter()
    outcome = evaluate(model, ops, arrays, {})
    seconds = (time.perf_counter() - started) / 8  # of many at a time, each takes more than that
    _refuse(model, arrays, seconds * rows, "at least")
    return outcome.loss[0], {name: value[:, 0] for name, value in outcome.trace.items()}


def over_elements(
    model: Model, arrays: Mapping[str, np.ndarray], trace: Mapping[str, np.ndarray], rows: int, derive: Derive
) -> dict[str, np.ndarray]:
    """The results of ``derive``, with the array's shape as the last axes, for every array that is differentiated.

    An element takes ``rows`` losses, of which each has a trace like ``trace``. Raises `Unavailable` where the first
    chunk of elements says that all of them would take too long.
    """
    size = max(1, MEMORY // (rows * _bytes(arrays, trace)))
    counts = {name: _count(model.axes[name], arrays[name]) for name in model.differentiated}
    # Begin with what takes the longest: elements that have an effect from the first step on, and a chunk that is full.
    names = sorted(counts, key=lambda name: (model.axes[name][0] == "A", counts[name]), reverse=True)
    found: dict[str, list[np.ndarray]] = {name: [] for name in model.differentiated}
    chunks = [(name, which) for name in names for which in _chunks(counts[name], size)]
    started = time.perf_counter()
    for k, (name, which) in enumerate(chunks):
        found[name].append(derive(name, which))
        if k == 0:
            _refuse(model, arrays, (time.perf_counter() - started) / len(which))
    return {
        name: from_elements(model.axes[name], arrays[name].shape, np.concatenate(parts, axis=-2))
        for name, parts in found.items()
    }


def _refuse(model: Model, arrays: Mapping[str, np.ndarray], seconds: float, about: str = "about") -> None:
    """Raise `Unavailable` where ``seconds`` for what is moved at once are too many for all elements."""
    times = sum(_count(model.axes[name], arrays[name]) for name in model.differentiated)
    elements = sum(arrays[name].size for name in model.differentiated)
    patience.refuse_beyond_limit(seconds * times, elements, about)


def _count(axes: tuple[str, ...], array: np.ndarray) -> int:
    return len(to_elements(axes, array))


def _chunks(count: int, size: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + size, count)) for start in range(0, count, size)]


def _bytes(arrays: Mapping[str, np.ndarray], trace: Mapping[str, np.ndarray]) -> int:
    """What one loss takes up: sequences that a loss reads, quantities of one step, copies of an array."""
    sequences = sum(value.nbytes for name, value in trace.items() if name in _READ)
    step = sum(value.nbytes for value in trace.values()) // len(trace["h"])
    return 4 * sequences + 2 * step + 2 * max(array.nbytes for array in arrays.values())
