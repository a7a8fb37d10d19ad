"""Activation functions p = φ(a), each with its derivative expressed in p, the value that the tape keeps.

Written into ``out``, which for φ may be the argument itself and for its slope may not; the dtype is the argument's. For
|a| up to the largest float: no warning, no NaN.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy import multiply, subtract

#: 1 in each float dtype: NumPy takes an array of the dtype at work faster than a number, or than one that it converts
ONE = {dtype: np.ones((), dtype) for dtype in np.typecodes["Float"]}

#: an array in, the result written into the second argument, which is returned
Elementwise = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Activation(NamedTuple):
    """φ and its slope: ``value(a, out)`` is φ(a), ``slope(p, out)`` is φ'(a) as a function of p = φ(a)."""

    value: Elementwise
    slope: Elementwise


def _tanh_slope(p: np.ndarray, out: np.ndarray) -> np.ndarray:
    subtract(ONE[p.dtype.char], multiply(p, p, out), out)  # 1 − p²
    return out


def sigmoid(a: np.ndarray, out: np.ndarray) -> np.ndarray:
    """σ(a) = 1 / (1 + e⁻ᵃ): where e⁻ᵃ overflows to infinity, its reciprocal is the right 0."""
    with np.errstate(over="ignore"):
        np.negative(a, out=out)
        np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)
    return out


def sigmoid_slope(p: np.ndarray, out: np.ndarray) -> np.ndarray:
    """σ'(a) = p (1 − p)."""
    multiply(subtract(ONE[p.dtype.char], p, out), p, out)
    return out


def _relu(a: np.ndarray, out: np.ndarray) -> np.ndarray:
    np.maximum(a, 0, out=out)
    return out


def _relu_slope(p: np.ndarray, out: np.ndarray) -> np.ndarray:
    np.greater(p, 0, out=out, casting="unsafe")  # 0 at the kink, as PyTorch and JAX have it
    return out


def _identity_slope(p: np.ndarray, out: np.ndarray) -> np.ndarray:
    out.fill(1)
    return out


ACTIVATIONS = {
    "tanh": Activation(np.tanh, _tanh_slope),
    "sigmoid": Activation(sigmoid, sigmoid_slope),
    "relu": Activation(_relu, _relu_slope),
    "identity": Activation(np.positive, _identity_slope),
}
