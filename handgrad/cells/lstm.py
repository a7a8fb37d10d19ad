"""Long short-term memory, forward and hand-derived backward.

The variant: input, forget and output gates are logistic, the candidate g is tanh; no peepholes; gates are stacked in
the order i, f, g, o along A = 4H, and both biases are added, as in PyTorch's ``nn.LSTM``. The activation φ of the
output is tanh (Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of Gers, Schmidhuber
and Cummins, "Learning to Forget: Continual Prediction with LSTM", 2000) or the identity.

Forward, for t = 1 … T; states carry index 0 for the initial state::

    (1)   a = x_t W_ihᵀ + h_{t-1} W_hhᵀ + b_ih + b_hh       a = [a_i a_f a_g a_o]
    (2)   i = σ(a_i)    f = σ(a_f)    o = σ(a_o)
    (3)   g = tanh(a_g)
    (4)   c_t = f ⊙ c_{t-1} + i ⊙ g
    (5)   h_t = o ⊙ p    with p = φ(c_t)

Backward, with dv = ∂L/∂v, G_t = ∂L/∂h_t from outside, and the carried adjoints of the later step dh_next = ∂L/∂h_t by
way of step t+1, dc_next likewise::

    (5*H)  dh_next = G_h    at T: the cotangents of the final states
    (5*C)  dc_next = G_c
    (1*t)  for t = T … 1:
    (5*h)  dh = G_t + dh_next
    (5*o)  do = dh ⊙ p
    (5*c)  dc = dh ⊙ o ⊙ φ'(c_t) + dc_next
    (4*i)  di = dc ⊙ g
    (4*f)  df = dc ⊙ c_{t-1}
    (4*g)  dg = dc ⊙ i
    (4*c)  dc_next = dc ⊙ f
    (2*k)  da_k = dk ⊙ k ⊙ (1 − k)    for k = i, f, o
    (3*)   da_g = dg ⊙ (1 − g²)
    (1*)   da = [da_i da_f da_g da_o]
    (1*h)  dh_next = da W_hh

and from the stacked da of all steps and batch entries, and what is carried out of step 1::

    (1*x)  dx = da W_ih
    (1*W)  dW_ih = Σ daᵀ x_t
    (1*U)  dW_hh = Σ daᵀ h_{t-1}
    (1*b)  db_ih = db_hh = Σ da
    (1*0)  dh_0 = dh_next    dc_0 = dc_next
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy import add, dot, exp, multiply, negative, reciprocal, subtract, tanh

from handgrad.activations import ACTIVATIONS as _ALL
from handgrad.activations import Activation
from handgrad.shapes import AD, AH, BH, T1BH, T4BH, TBD, TBH, A
from handgrad.workspace import Empty, fresh

GATES = ("i", "f", "g", "o")
STATES = ("h", "c")
ACTIVATIONS = ("tanh", "identity")


class Tape(NamedTuple):
    """What forward keeps for backward."""

    x: TBD
    h: T1BH  # index 0: the initial state
    c: T1BH
    gates: T4BH  # i, f, g, o, activated
    p: TBH  # φ(c)
    W_ih: AD
    W_hh: AH
    activation: Activation
    empty: Empty


def forward(
    x: TBD,
    states: Mapping[str, BH],
    W_ih: AD,
    W_hh: AH,
    bias: A,
    activation: str,
    empty: Empty = fresh,
) -> Tape:
    """Run the cell over x (T, B, D) from ``states`` {"h": (B, H), "c": (B, H)}; ``bias`` (A,) is the sum of both."""
    T, B, D = x.shape
    H = W_hh.shape[1]
    phi = _ALL[activation]
    U = W_hh.T  # H A
    stacked = empty("gates", (T, B, 4 * H), x.dtype)  # the input's share of −a, until the step's gates take its place
    dot(x.reshape(T * B, D), W_ih.T, stacked.reshape(T * B, 4 * H))
    subtract(-bias, stacked, stacked)
    gates = stacked.reshape(T, 4, B, H)
    h = empty("h", (T + 1, B, H), x.dtype)
    c = empty("c", (T + 1, B, H), x.dtype)
    p = empty("p", (T, B, H), x.dtype)
    h[0], c[0] = states["h"], states["c"]
    a = np.empty((B, 4 * H), x.dtype)
    by_gate = a.reshape(B, 4, H).transpose(1, 0, 2)  # 4 B H   a view of a
    a_g = by_gate[2]  # B H
    i, f, g, o = gates.transpose(1, 0, 2, 3)  # T B H each, views of gates
    ig = np.empty((B, H), x.dtype)
    one = np.ones((), x.dtype)
    with np.errstate(over="ignore"):  # exp(−a) = ∞ becomes the right gate, 1 / (1 + ∞) = 0
        for t in range(T):  # every function writes into its last argument
            subtract(stacked[t], h[t].dot(U, a), a)  # B A   (1), as −a: exp needs it so
            gate = exp(by_gate, gates[t])  # 4 B H
            reciprocal(add(gate, one, gate), gate)  # 4 B H   (2), for g too,
            g_t = tanh(a_g, g[t])  # B H   (3), which takes its place:
            negative(g_t, g_t)  # B H   tanh(−a_g) = −tanh(a_g)
            c_t = multiply(f[t], c[t], c[t + 1])
            add(c_t, multiply(i[t], g_t, ig), c_t)  # B H   (4)
            multiply(o[t], phi.value(c_t, p[t]), h[t + 1])  # B H   (5)
    return Tape(x, h, c, gates, p, W_ih, W_hh, phi, empty)


def backward(tape: Tape, G: TBH, final: Mapping[str, BH]) -> dict[str, np.ndarray]:
    """Gradients from the cotangents G (T, B, H) of all h and ``final`` {"h": (B, H), "c": (B, H)} of the last states.

    Returns W_ih (A, D), W_hh (A, H), b (A,), x (T, B, D), h0 (B, H), c0 (B, H). The tape is left as it was.
    """
    x, h, c, gates, p, W_ih, W_hh, phi, empty = tape
    T, _, B, H = gates.shape
    D = x.shape[2]
    i, f, g, o = gates.transpose(1, 0, 2, 3)  # T B H each, views of gates
    da = empty("da", (T, B, 4 * H), x.dtype)
    da_i, da_f, da_g, da_o = da.reshape(T, B, 4, H).transpose(2, 0, 1, 3)  # T B H each, views of da   (1*)
    dh_next = np.array(final["h"], x.dtype, order="C")  # B H   (5*H)   a copy: overwritten below
    dc_next = np.array(final["c"], x.dtype, order="C")  # B H   (5*C)   likewise
    dh, dc, do, di, df, dg, s = np.empty((7, B, H), x.dtype)  # B H each; s holds parts of the line that is at work
    one = np.ones((), x.dtype)
    for t in range(T - 1, -1, -1):  # every function writes into its last argument   (1*t)
        add(G[t], dh_next, dh)  # B H   (5*h)
        multiply(dh, p[t], do)  # B H   (5*o)
        add(multiply(multiply(phi.slope(p[t], s), o[t], s), dh, s), dc_next, dc)  # B H   (5*c)
        multiply(dc, g[t], di)  # B H   (4*i)
        multiply(dc, c[t], df)  # B H   (4*f)
        multiply(dc, i[t], dg)  # B H   (4*g)
        multiply(dc, f[t], dc_next)  # B H   (4*c)
        multiply(di, multiply(subtract(one, i[t], s), i[t], s), da_i[t])  # B H   (2*i)
        multiply(df, multiply(subtract(one, f[t], s), f[t], s), da_f[t])  # B H   (2*f)
        multiply(do, multiply(subtract(one, o[t], s), o[t], s), da_o[t])  # B H   (2*o)
        multiply(dg, subtract(one, multiply(g[t], g[t], s), s), da_g[t])  # B H   (3*)
        dot(da[t], W_hh, dh_next)  # B H   (1*h)
    da_rows = da.reshape(T * B, 4 * H)
    x_rows = x.reshape(T * B, D)
    h_rows = h[:-1].reshape(T * B, H)
    dx = dot(da_rows, W_ih, empty("dx", (T * B, D), x.dtype))  # TB D   (1*x)
    dW_ih = np.matmul(da_rows.T, x_rows, out=empty("dW_ih", (4 * H, D), x.dtype))  # A D   (1*W)
    dW_hh = np.matmul(da_rows.T, h_rows, out=empty("dW_hh", (4 * H, H), x.dtype))  # A H   (1*U)
    db = da_rows.sum(axis=0)  # A   (1*b)
    dh0, dc0 = dh_next, dc_next  # B H each   (1*0)
    return {"W_ih": dW_ih, "W_hh": dW_hh, "b": db, "x": dx.reshape(T, B, D), "h0": dh0, "c0": dc0}
