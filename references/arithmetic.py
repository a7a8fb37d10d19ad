"""Elementary functions with their slopes, in floats of any width: what reverse mode computes a graph with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from references.ops import Array


class Function(NamedTuple):
    """An elementary function p = φ(a) and its slope φ'(a), which may be computed from p and from a."""

    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]  #: of p and a


class Floats:
    """NumPy's floats. Every function keeps its relative precision in both tails."""

    def __init__(self) -> None:
        self.functions = {
            "sigmoid": Function(sigmoid, lambda p, a: p * sigmoid(-a)),
            "tanh": Function(np.tanh, lambda p, a: 1 / np.cosh(a) ** 2),  # where cosh overflows, the right 0
            "relu": Function(lambda a: np.maximum(a, 0), lambda p, a: (a > 0).astype(a.dtype)),
            "softplus": Function(softplus, lambda p, a: sigmoid(a)),
            "logsumexp": Function(logsumexp, lambda p, a: np.exp(a - p)),
        }

    def matmul(self, a: Array, b: Array) -> Array:
        """Products of matrices on the last two axes; all other axes are a's, or both's."""
        return a @ b

    def total(self, a: Array, batched: bool) -> Array:
        """The sum of all entries; with samples on the axis before the last two, one sum per sample."""
        return a.sum(axis=tuple(k for k in range(a.ndim) if not batched or k != a.ndim - 3))

    def collected(self, total: Array, of_step: Callable[[int], Array], terms: Array | None, T: int, B: int) -> Array:
        """What a parameter receives: ``total``, the sum over T steps, of which ``of_step`` gives the first sample's.

        ``terms`` (T, S, B, ·) are what is summed, where it is an array as it stands and no product.
        """
        return total


def sigmoid(a: Array) -> Array:
    """Each side by the form whose exponential cannot overflow."""
    e = np.exp(-np.abs(a))
    return np.where(a > 0, 1, e) / (1 + e)


def softplus(a: Array) -> Array:
    """ln(1 + eᵃ)."""
    return np.logaddexp(a, 0)


def logsumexp(a: Array) -> Array:
    """Ln Σ eᵃ over the last axis, shifted by the largest entry."""
    largest = a.max(axis=-1, keepdims=True)
    return np.log(np.exp(a - largest).sum(axis=-1, keepdims=True)) + largest
