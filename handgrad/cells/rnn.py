"""The simple (Elman) recurrent network, forward and hand-derived backward.

The variant: h is the activation of a sum that has both biases, as in PyTorch's ``nn.RNN``; the activation φ is tanh,
logistic, ReLU or the identity (Elman, "Finding Structure in Time", 1990; the backward pass is Werbos, "Backpropagation
Through Time: What It Does and How to Do It", 1990).

Forward, for t = 1 … T; h carries index 0 for the initial state::

    (1)   a = x_t W_ihᵀ + h_{t-1} W_hhᵀ + b_ih + b_hh
    (2)   h_t = φ(a)

Backward, with dv = ∂L/∂v, G_t = ∂L/∂h_t from outside, and dh_next = ∂L/∂h_t by way of step t+1::

    (2*H)  dh_next = G_h    at T: the cotangent of the final state
    (1*t)  for t = T … 1:
    (2*h)  dh = G_t + dh_next
    (2*a)  da = dh ⊙ φ'(a)
    (1*h)  dh_next = da W_hh

and from the da of all steps and batch entries, and what is carried out of step 1::

    (1*x)  dx = da W_ih
    (1*W)  dW_ih = Σ daᵀ x_t
    (1*U)  dW_hh = Σ daᵀ h_{t-1}
    (1*b)  db_ih = db_hh = Σ da
    (1*0)  dh_0 = dh_next
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy import add, dot, multiply

from handgrad.activations import ACTIVATIONS as _ALL
from handgrad.activations import Activation
from handgrad.shapes import AD, AH, BH, T1BH, TBD, TBH, A
from handgrad.workspace import Empty, fresh

GATES = ("a",)
STATES = ("h",)
ACTIVATIONS = ("tanh", "sigmoid", "relu", "identity")


class Tape(NamedTuple):
    """What forward keeps for backward."""

    x: TBD
    h: T1BH  # index 0: the initial state
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
    """Run the cell over x (T, B, D) from ``states`` {"h": (B, H)}; ``bias`` (H,) is the sum of both biases."""
    T, B, D = x.shape
    H = W_hh.shape[0]
    phi = _ALL[activation]
    h = empty("h", (T + 1, B, H), x.dtype)
    h[0] = states["h"]
    later = h[1:]  # T B H   the input's share of a, until the step's h takes its place
    dot(x.reshape(T * B, D), W_ih.T, later.reshape(T * B, H))
    later += bias
    U = W_hh.T  # H H
    a = np.empty((B, H), x.dtype)
    for h_before, h_t in zip(h[:-1], later, strict=True):  # every function writes into its last argument
        add(h_before.dot(U, a), h_t, a)  # B H   (1)
        phi.value(a, h_t)  # B H   (2)
    return Tape(x, h, W_ih, W_hh, phi, empty)


def backward(tape: Tape, G: TBH, final: Mapping[str, BH]) -> dict[str, np.ndarray]:
    """Gradients from the cotangents G (T, B, H) of all h and ``final`` {"h": (B, H)} of the last state.

    Returns W_ih (H, D), W_hh (H, H), b (H,), x (T, B, D), h0 (B, H). The tape is left as it was.
    """
    x, h, W_ih, W_hh, phi, empty = tape
    T, B, D = x.shape
    H = W_hh.shape[0]
    da = empty("da", (T, B, H), x.dtype)
    dh_next = np.array(final["h"], x.dtype, order="C")  # B H   (2*H)   a copy: overwritten below
    dh = np.empty((B, H), x.dtype)
    slope = phi.slope(h[1:], empty("slope", (T, B, H), x.dtype))  # T B H   φ'(a)
    for t in range(T - 1, -1, -1):  # every function writes into its last argument   (1*t)
        add(G[t], dh_next, dh)  # B H   (2*h)
        multiply(dh, slope[t], da[t])  # B H   (2*a)
        dot(da[t], W_hh, dh_next)  # B H   (1*h)
    da_rows = da.reshape(T * B, H)
    x_rows = x.reshape(T * B, D)
    h_rows = h[:-1].reshape(T * B, H)
    dx = dot(da_rows, W_ih, empty("dx", (T * B, D), x.dtype))  # TB D   (1*x)
    dW_ih = da_rows.T @ x_rows  # H D   (1*W)
    dW_hh = da_rows.T @ h_rows  # H H   (1*U)
    db = da_rows.sum(axis=0)  # H   (1*b)
    dh0 = dh_next  # B H   (1*0)
    return {"W_ih": dW_ih, "W_hh": dW_hh, "b": db, "x": dx.reshape(T, B, D), "h0": dh0}
