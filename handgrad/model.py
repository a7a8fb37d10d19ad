"""A model: cell → linear readout (optional) → loss, and its hand-derived backward.

    readout   (6)  z = h W_hyᵀ + b_y        (6*h) G = dz W_hy    (6*W) dW_hy = Σ dzᵀ h    (6*b) db_y = Σ dz
    loss      (7)  L = loss(z, y) ÷ n       (7*) dz = ∂loss/∂z    (7*n) dz ÷ n    n from the reduction
    cotangent (7)  L = (Σ G ⊙ h + Σ G_h ⊙ h_T + Σ G_c ⊙ c_T) ÷ n
                   (7*G) the cotangents themselves, ÷ n    (7*F) likewise those of the final states

Arrays go in and come out by name: parameters ``W_ih`` (A, D), ``W_hh`` (A, H), ``b_ih``, ``b_hh`` (A), ``W_hy`` (K, H),
``b_y`` (K); data ``x`` (T, B, D), ``h0``, ``c0`` (B, H); targets ``y`` as the loss has them, or the cotangents ``G``
(T, B, H), ``G_h``, ``G_c`` (B, H). A is the number of gates times H.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from handgrad import cells
from handgrad.losses import LOSSES, REDUCTIONS
from handgrad.workspace import Workspace, fresh

COTANGENT = "cotangent"
_LOSSES = (*LOSSES, COTANGENT)


class Gradients(NamedTuple):
    """What a backward pass answers."""

    loss: np.floating
    grads: dict[str, np.ndarray]  #: by the name of what they are the gradient of, with its shape
    trace: dict[str, np.ndarray]  #: gates and states of steps 1 … T and the readout ``z``, each with T first


def loss_and_grads(
    arrays: Mapping[str, np.ndarray],
    *,
    cell: str = "lstm",
    activation: str | None = None,
    loss: str = "softmax-cross-entropy",
    reduction: str = "sum",
    workspace: Workspace | None = None,
) -> Gradients:
    """Loss and hand-derived gradients of every parameter, ``x`` and the initial states.

    ``arrays`` is as the module says, all of one float dtype (float32, float64 or longdouble), which is also that of
    the result; targets of softmax-cross-entropy are integers. Biases, readout, initial states (then zero) and the
    cotangents of the final states may be left out; there is a gradient for what is there. ``activation`` defaults to
    the cell's first. A ``workspace`` makes calls of equal sizes use the same memory: results last until the next call.

    Raises ValueError for a cell, activation, loss or reduction that there is not, and KeyError for a missing array.
    """
    module = cells.get(cell)
    activation = module.ACTIVATIONS[0] if activation is None else activation
    if activation not in module.ACTIVATIONS or loss not in _LOSSES or reduction not in REDUCTIONS:
        raise _refused(cell, module, activation, loss, reduction)
    x, W_hh = arrays["x"], arrays["W_hh"]
    T, B, _ = x.shape
    A, H = W_hh.shape
    empty = workspace.empty if workspace is not None else fresh
    zero = np.zeros((B, H), x.dtype)
    states = {name: arrays.get(f"{name}0", zero) for name in module.STATES}
    b_ih, b_hh = arrays.get("b_ih"), arrays.get("b_hh")
    bias = b_ih if b_hh is None else b_hh if b_ih is None else b_ih + b_hh  # A
    if bias is None:
        bias = np.zeros(A, x.dtype)
    n = x.dtype.type(REDUCTIONS[reduction](T, B))

    tape = module.forward(x, states, arrays["W_ih"], W_hh, bias, activation, empty)
    h = tape.h[1:]  # T B H
    final = dict.fromkeys(module.STATES, zero)
    readout: dict[str, np.ndarray] = {}
    trace = _trace(module, tape)
    if loss == COTANGENT:
        G = arrays["G"] / n  # T B H   (7*G)
        final |= {name: arrays[f"G_{name}"] / n for name in module.STATES if f"G_{name}" in arrays}  # B H   (7*F)
        value = (G * h).sum() + sum(((final[name] * trace[name][-1]).sum() for name in module.STATES), x.dtype.type(0))
    else:
        z = _readout(h, arrays) if "W_hy" in arrays else h  # T B K   (6)
        value, dz = LOSSES[loss](z, arrays["y"])  # T B K   (7)
        value = value / n
        dz = dz / n  # T B K   (7*n)
        G = dz
        if "W_hy" in arrays:
            readout, G = _readout_backward(dz, h, arrays)
            trace["z"] = z

    grads = module.backward(tape, G, final)
    db = grads.pop("b")  # A   one sum serves both biases: each gets its own copy
    grads |= {name: db.copy() for name in ("b_ih", "b_hh") if name in arrays}
    return Gradients(value, readout | {name: grad for name, grad in grads.items() if name in arrays}, trace)


def _refused(cell: str, module: Any, activation: str, loss: str, reduction: str) -> ValueError:
    asked = (
        ("activation", activation, module.ACTIVATIONS),
        ("loss", loss, _LOSSES),
        ("reduction", reduction, REDUCTIONS),
    )
    what, name, allowed = next(one for one in asked if one[1] not in one[2])
    return ValueError(f"{what}: got {name!r}, allowed with {cell}: {', '.join(allowed)}")


def _readout(h: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    T, B, H = h.shape
    rows = h.reshape(T * B, H) @ arrays["W_hy"].T  # TB K   (6)
    if "b_y" in arrays:
        rows += arrays["b_y"]
    z: np.ndarray = rows.reshape(T, B, -1)
    return z


def _readout_backward(
    dz: np.ndarray, h: np.ndarray, arrays: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    K, H = arrays["W_hy"].shape
    dz_rows = dz.reshape(-1, K)
    h_rows = h.reshape(-1, H)
    grads = {"W_hy": dz_rows.T @ h_rows}  # K H   (6*W)
    if "b_y" in arrays:
        grads["b_y"] = dz_rows.sum(axis=0)  # K   (6*b)
    G = dz @ arrays["W_hy"]  # T B H   (6*h)
    return grads, G


def _trace(module: Any, tape: Any) -> dict[str, np.ndarray]:
    trace = {name: getattr(tape, name)[1:] for name in module.STATES}
    if hasattr(tape, "gates"):
        trace |= {name: tape.gates[:, k] for k, name in enumerate(module.GATES)}
    return trace
