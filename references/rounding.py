"""What rounding does to a sound gradient, measured: the equations run in the case's own dtype, with noise.

Each sample is an implementation as sound ones are: reverse mode through the equations at the case's precision, σ' and
tanh' computed from the activated values, elementary functions right to one unit in the last place (of 1 for σ, which
many compute as ½ + ½ tanh), softmax taken from the logarithm of its own sum, other sums taken one term after the other
(the loss; parameter gradients over steps and batch entries), and every input moved by one unit in its last place, which
draws all later roundings anew; where rounding decides on which side of relu's kink an argument is, it is on both. The
spread of such samples around the truth is the error that rounding explains: conditioning, cancellation and saturation
included.

This is Monte Carlo arithmetic (Parker, "Monte Carlo Arithmetic", 1997) at the inputs, at the elementary functions, and
at the sums over time and batch, whose order is an implementation's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from references.arithmetic import Floats, Function, logsumexp, softplus
from references.graph import record
from references.model import Model
from references.ops import Array
from references.reverse import Reverse

#: One unit in the last place, in eps of the value: from ½ to 1, and ln 2 on average between two powers of two. Where
#: half a unit may be rounded away, this is always a step to another number.
UNIT = math.log(2)
#: The largest error of a single rounding, in eps of the value.
HALF = 0.5
#: A sound error is at most this many times the largest of the samples' errors: see harness.budget.
FACTOR = 8
#: How many columns of noise are drawn: a prime, so that repetitions never fall on equal places of two steps.
PRIME = 16_381
#: Bytes that the samples which are computed together may take; more than one is always computed alone.
MEMORY = 2**29


class Samples(NamedTuple):
    """Noisy answers to one case; the first axis of every array counts them."""

    loss: np.ndarray
    grads: dict[str, np.ndarray]
    trace: dict[str, np.ndarray]


class _Noisy(Floats):
    """Floats of one dtype with elementary functions one unit off at random, and slopes from the activated values."""

    def __init__(self, dtype: Any, samples: int, rng: np.random.Generator) -> None:
        super().__init__()
        self._pool, self._rng = _pool(np.dtype(dtype), samples), rng
        self._first = 0  #: of the samples that are computed together
        self.functions |= {
            "sigmoid": Function(self._sigmoid, lambda p, a: p * (1 - p)),
            "tanh": Function(lambda a: self.noised(np.tanh(a)), lambda p, a: 1 - p * p),
            "softplus": Function(lambda a: self.noised(softplus(a)), lambda p, a: self._sigmoid(a)),
            "relu": Function(lambda a: np.maximum(a, 0), self._slope_of_relu),
            # A softmax from the logarithm of its own sum loses more for large a than one that is shifted first.
            "logsumexp": Function(lambda a: self.noised(logsumexp(a)), lambda p, a: np.exp(a - p)),
        }

    def noised(self, values: Array, axis: int = -3) -> Array:
        """Every value a unit in its last place up or down; ``axis`` counts the samples."""
        return values * (1 + UNIT * self._signs(values.shape, axis))

    def _slope_of_relu(self, p: Array, a: Array) -> Array:
        """1 or 0. Where rounding decides on which side of the kink an argument is, half of the samples have each.

        ``a`` is (T, S, B, H); what is exactly 0 in all samples is not in doubt.
        """
        centre = a.mean(axis=1, keepdims=True)
        spread = np.abs(a - centre).max(axis=1, keepdims=True)
        unsure = (spread > 0) & (np.abs(centre) <= FACTOR * spread)  # T 1 B H
        return np.where(unsure, self._signs(a.shape) > 0, a > 0).astype(a.dtype)

    def _sigmoid(self, a: Array) -> Array:
        """1 / (1 + e⁻ᵃ): where e⁻ᵃ overflows to infinity, its reciprocal is the right 0."""
        return 1 / (1 + np.exp(-a)) + HALF * self._signs(a.shape)

    def _signs(self, shape: tuple[int, ...], axis: int = -3) -> Array:
        """±eps at random, each sign for half of the samples, which ``axis`` counts."""
        axis %= len(shape)
        count = math.prod(shape) // shape[axis]
        start = int(self._rng.integers(PRIME))
        rows = self._pool[self._first : self._first + shape[axis]]
        columns = (
            rows[:, start : start + count]
            if start + count <= PRIME
            else rows[:, np.arange(start, start + count) % PRIME]
        )
        if axis == 0:
            return columns.reshape(shape)
        return np.moveaxis(columns.reshape(shape[axis], *shape[:axis], *shape[axis + 1 :]), 0, axis)

    def total(self, a: Array, batched: bool) -> Array:
        """The sum of all entries of each sample as a plain loop takes it."""
        samples = np.moveaxis(a, -3, 0)
        partial = np.cumsum(samples.reshape(len(samples), -1), axis=1)
        return partial[:, -1] + HALF * self._signs(partial.shape[:1], 0) * np.sqrt((partial * partial).sum(axis=1))

    def collected(self, total: Array, of_step: Callable[[int], Array], terms: Array | None, T: int, B: int) -> Array:
        """Rounded as a sum that is taken from the last step back, where each batch entry rounds the partial sum.

        Two samples of a plain sum of terms are taken one after the other, from either end: roundings of like terms do
        not cancel.
        """
        if terms is not None and self._first == 0:
            for sample, order in zip(range(terms.shape[1]), (1, -1), strict=False):
                rows = terms[:, sample].reshape(-1, terms.shape[-1])[::order]
                total[sample] = np.cumsum(rows, axis=0)[-1]
        partial = np.zeros_like(total[:1])
        squares = np.zeros_like(partial)
        for t in range(T - 1, -1, -1):
            partial += of_step(t)
            squares += partial * partial
        return total + HALF * self._signs(total.shape) * np.sqrt(B * squares)


@cache
def _pool(dtype: np.dtype[Any], samples: int) -> np.ndarray:
    """±eps, a row per sample and as many of each sign in every column, in random order.

    Where signs were independent, a sample in a hundred elements would find all of them on one side, and no spread.
    """
    signs = np.where(np.arange(samples) % 2, 1, -1)[:, np.newaxis]
    shuffled = np.random.default_rng(0).permuted(np.broadcast_to(signs, (samples, PRIME)), axis=0)
    return np.asarray(shuffled * np.finfo(dtype).eps, dtype)


def samples(model: Model, arrays: Mapping[str, np.ndarray], count: int, seed: int = 0) -> Samples:
    """``count`` noisy gradients at the dtype of ``arrays``; the same every time."""
    ready = model.for_equations(arrays)
    graph = record(model, {name: array.shape for name, array in ready.items()})
    arithmetic = _Noisy(arrays["x"].dtype, count, np.random.default_rng(seed))
    fixed = {name for name, array in arrays.items() if array.dtype.kind == "i"}
    each = sum(math.prod(node.shape) for node in graph.nodes) * len(ready["x"]) * ready["x"].itemsize
    together = int(min(count, max(1, MEMORY // (2 * each))))
    parts = []
    with np.errstate(all="ignore"):  # what overflows here overflows in any implementation of this dtype
        for first in range(0, count, together):
            size, arithmetic._first = min(together, count - first), first
            moved = {name: _moved(model, name, array, size, name in fixed, arithmetic) for name, array in ready.items()}
            parts.append(_answers(model, Reverse(graph, moved, arithmetic, batched=True)))
    if len(parts) == 1:
        return parts[0]
    return Samples(
        np.concatenate([part.loss for part in parts]),
        {name: np.concatenate([part.grads[name] for part in parts]) for name in parts[0].grads},
        {name: np.concatenate([part.trace[name] for part in parts]) for name in parts[0].trace},
    )


def _moved(model: Model, name: str, array: np.ndarray, count: int, fixed: bool, arithmetic: _Noisy) -> np.ndarray:
    """``count`` copies where `Reverse` expects them, every entry off by one unit in its last place."""
    timed = model.axes[name][0] == "T"
    vector = array.ndim == 1
    shaped = array[:, None] if timed else array[None, None] if vector else array[None]
    axis = 1 if timed else 0
    copies = np.repeat(shaped, count, axis=axis)
    return copies if fixed else arithmetic.noised(copies, axis)


def _answers(model: Model, done: Reverse) -> Samples:
    grads = {}
    for name in model.differentiated:
        grad = done.gradient(name)
        timed, vector = model.axes[name][0] == "T", len(model.axes[name]) == 1
        grads[name] = np.moveaxis(grad, 1, 0) if timed else grad[:, 0] if vector else grad
    trace = {name: np.moveaxis(done.quantity(name), 1, 0) for name in done.quantities}
    return Samples(done.loss, grads, trace)
