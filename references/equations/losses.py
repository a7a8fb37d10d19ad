"""The readout and the losses, each once, for any array namespace.

z are the predictions of all steps: the readout (T, B, K), or the hidden states (T, B, H) where there is none. y are the
targets, of z's shape; class indices come as one-hot rows; for the first hidden unit they are (T, B). Every loss is the
sum over all entries.
"""

from collections.abc import Callable, Iterable

from references.ops import Array, Ops

COTANGENT = "cotangent"


def readout(h: Array, W_hy: Array, b_y: Array) -> Array:
    """(6) z = h W_hyᵀ + b_y."""
    return h @ W_hy.mT + b_y


def softmax_cross_entropy(ops: Ops, z: Array, y: Array) -> Array:
    """(7) L = Σ (ln Σ_k e^{z_k} − Σ_k y_k z_k), y one-hot."""
    return ops.sum(ops.logsumexp(z)) - ops.sum(y * z)


def half_squared_error(ops: Ops, z: Array, y: Array) -> Array:
    """(7) L = ½ Σ (z − y)²."""
    return squared_error(ops, z, y) / 2


def squared_error(ops: Ops, z: Array, y: Array) -> Array:
    """(7) L = Σ (z − y)²."""
    return ops.sum((z - y) * (z - y))


def binary_cross_entropy(ops: Ops, z: Array, y: Array) -> Array:
    """(7) L = −Σ y ln σ(z) + (1 − y) ln(1 − σ(z)) = Σ ln(1 + e^z) − y z."""
    return ops.sum(ops.softplus(z) - y * z)


def sigmoid_half_squared_error(ops: Ops, z: Array, y: Array) -> Array:
    """(7) L = ½ Σ (σ(z) − y)²."""
    return half_squared_error(ops, ops.sigmoid(z), y)


def first_unit_squared_error(ops: Ops, z: Array, y: Array) -> Array:
    """(7) L = Σ (z_0 − y)²: the first hidden unit is the prediction."""
    return squared_error(ops, z[..., :1], y[..., None])


def cotangent(ops: Ops, pairs: Iterable[tuple[Array, Array]]) -> Array:
    """(7) L = Σ G ⊙ v over pairs of a quantity v and its cotangent G."""
    total = 0.0
    for v, G in pairs:
        total = total + ops.sum(v * G)
    return total


#: losses of predictions and targets, by name
LOSSES: dict[str, Callable[[Ops, Array, Array], Array]] = {
    "softmax-cross-entropy": softmax_cross_entropy,
    "half-squared-error": half_squared_error,
    "squared-error": squared_error,
    "binary-cross-entropy": binary_cross_entropy,
    "sigmoid-half-squared-error": sigmoid_half_squared_error,
    "first-unit-squared-error": first_unit_squared_error,
}
#: all losses, by name
NAMES = (*LOSSES, COTANGENT)
#: losses that read the hidden states, so that a readout before them would be of no effect
ON_HIDDEN = ("first-unit-squared-error", COTANGENT)
#: losses whose targets are class indices
ON_INDICES = ("softmax-cross-entropy",)
