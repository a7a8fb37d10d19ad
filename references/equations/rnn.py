"""The simple recurrent network, with both biases, as in PyTorch's ``nn.RNN``.

Elman, "Finding Structure in Time", 1990. φ is tanh, logistic, ReLU or the identity.
"""

from references.ops import Array

GATES = ("a",)
STATES = ("h",)
ACTIVATIONS = ("tanh", "sigmoid", "relu", "identity")
PARAMETERS = ("W_ih", "W_hh", "b_ih", "b_hh")


def a(x: Array, h: Array, W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array) -> Array:
    """(1) a = x W_ihᵀ + h W_hhᵀ + b_ih + b_hh."""
    return x @ W_ih.mT + h @ W_hh.mT + (b_ih + b_hh)


def h_next(phi: Array, a: Array) -> Array:
    """(2) h' = φ(a)."""
    return phi(a)


EQUATIONS = (a, h_next)
