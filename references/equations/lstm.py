"""Long short-term memory: i, f, o logistic, g tanh, no peepholes, gates stacked i, f, g, o (PyTorch's ``nn.LSTM``).

Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; the forget gate is Gers, Schmidhuber and Cummins, "Learning
to Forget: Continual Prediction with LSTM", 2000. φ is tanh, or the identity for cells without it.
"""

from references.ops import Array, Ops

GATES = ("i", "f", "g", "o")
STATES = ("h", "c")
ACTIVATIONS = ("tanh", "identity")
PARAMETERS = ("W_ih", "W_hh", "b_ih", "b_hh")


def a(x: Array, h: Array, W_ih: Array, W_hh: Array, b_ih: Array, b_hh: Array) -> Array:
    """(1) a = x W_ihᵀ + h W_hhᵀ + b_ih + b_hh, the pre-activations of all gates."""
    return x @ W_ih.mT + h @ W_hh.mT + (b_ih + b_hh)


def i(ops: Ops, a: Array) -> Array:
    """(2i) i = σ(a_i)."""
    return ops.sigmoid(_gate(a, 0))


def f(ops: Ops, a: Array) -> Array:
    """(2f) f = σ(a_f)."""
    return ops.sigmoid(_gate(a, 1))


def g(ops: Ops, a: Array) -> Array:
    """(3) g = tanh(a_g)."""
    return ops.tanh(_gate(a, 2))


def o(ops: Ops, a: Array) -> Array:
    """(2o) o = σ(a_o)."""
    return ops.sigmoid(_gate(a, 3))


def c_next(f: Array, c: Array, i: Array, g: Array) -> Array:
    """(4) c' = f ⊙ c + i ⊙ g."""
    return f * c + i * g


def h_next(phi: Array, o: Array, c_next: Array) -> Array:
    """(5) h' = o ⊙ φ(c')."""
    return o * phi(c_next)


def _gate(a: Array, k: int) -> Array:
    H = a.shape[-1] // len(GATES)
    return a[..., k * H : (k + 1) * H]


EQUATIONS = (a, i, f, g, o, c_next, h_next)
