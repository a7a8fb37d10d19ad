"""Losses and their adjoints, hand-derived.

Each takes the predictions z and the targets y of all steps and gives the sum of the loss over all its entries together
with dz = ∂L/∂z, of z's shape and dtype. z is the readout (T, B, K), or the hidden states (T, B, H) where there is none.
The reduction, which divides both, is the model's matter.

The losses, per step and batch entry::

    softmax-cross-entropy           L = ln Σ_k e^{z_k} − z_y          dz = softmax(z) − e_y      y: index (T, B)
    half-squared-error              L = ½ Σ_k (z_k − y_k)²            dz = z − y
    squared-error                   L = Σ_k (z_k − y_k)²              dz = 2 (z − y)
    binary-cross-entropy            L = Σ_k ln(1 + e^{z_k}) − y_k z_k  dz = σ(z) − y
    sigmoid-half-squared-error      L = ½ Σ_k (s_k − y_k)²            dz = (s − y) ⊙ s ⊙ (1 − s), s = σ(z)
    first-unit-squared-error        L = (z_0 − y)²                    dz = 2 (z_0 − y) e_0       y: (T, B)
"""

from collections.abc import Callable

import numpy as np

from handgrad.activations import sigmoid
from handgrad.shapes import TBK

#: predictions z, targets y → the loss summed over all entries, and dz
Loss = Callable[[TBK, np.ndarray], tuple[np.floating, TBK]]


def softmax_cross_entropy(z: TBK, y: np.ndarray) -> tuple[np.floating, TBK]:
    """Cross-entropy of softmax(z) against the class indices y (Bridle, 1990)."""
    e_y = np.arange(z.shape[-1]) == y[..., np.newaxis]  # T B K   one-hot
    shifted = z - np.maximum.reduce(z, axis=-1, keepdims=True)  # T B K   at most 0: exp cannot overflow
    picked = shifted[e_y].reshape(y.shape)  # T B
    e = np.exp(shifted)  # T B K
    total = np.add.reduce(e, axis=-1)  # T B
    p = np.divide(e, total[..., np.newaxis], out=e)  # T B K   softmax(z)
    dz = np.subtract(p, e_y, out=p)  # T B K   (7*)
    return np.add.reduce(np.log(total) - picked, axis=None), dz


def half_squared_error(z: TBK, y: np.ndarray) -> tuple[np.floating, TBK]:
    """½ Σ (z − y)²."""
    error = z - y  # T B K
    dz = error  # T B K   (7*)
    return np.square(error).sum() / 2, dz


def squared_error(z: TBK, y: np.ndarray) -> tuple[np.floating, TBK]:
    """Σ (z − y)²."""
    error = z - y  # T B K
    dz = 2 * error  # T B K   (7*)
    return np.square(error).sum(), dz


def binary_cross_entropy(z: TBK, y: np.ndarray) -> tuple[np.floating, TBK]:
    """Cross-entropy of σ(z) against targets y in [0, 1], in the form that cannot overflow."""
    softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))  # T B K   ln(1 + e^z)
    s = sigmoid(z, np.empty_like(z))  # T B K
    dz = s - y  # T B K   (7*)
    return (softplus - y * z).sum(), dz


def sigmoid_half_squared_error(z: TBK, y: np.ndarray) -> tuple[np.floating, TBK]:
    """½ Σ (σ(z) − y)²."""
    s = sigmoid(z, np.empty_like(z))  # T B K
    error = s - y  # T B K
    dz = error * s * (1 - s)  # T B K   (7*)
    return np.square(error).sum() / 2, dz


def first_unit_squared_error(z: TBK, y: np.ndarray) -> tuple[np.floating, TBK]:
    """(z_0 − y)²: the first hidden unit is the prediction."""
    error = z[..., 0] - y  # T B
    dz = np.zeros_like(z)
    dz[..., 0] = 2 * error  # T B   (7*)
    return np.square(error).sum(), dz


LOSSES: dict[str, Loss] = {
    "softmax-cross-entropy": softmax_cross_entropy,
    "half-squared-error": half_squared_error,
    "squared-error": squared_error,
    "binary-cross-entropy": binary_cross_entropy,
    "sigmoid-half-squared-error": sigmoid_half_squared_error,
    "first-unit-squared-error": first_unit_squared_error,
}

#: name → by what the summed loss is divided, from T and B; sums over K are never averaged
REDUCTIONS: dict[str, Callable[[int, int], int]] = {
    "sum": lambda T, B: 1,
    "mean": lambda T, B: T * B,
    "mean-b": lambda T, B: B,
    "mean-t": lambda T, B: T,
}
