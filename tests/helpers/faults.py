"""Planted faults: candidates that are wrong in a known way, each beside what is wrong with it."""

from __future__ import annotations

import numpy as np

import handgrad
from handgrad.cells import lstm
from harness.candidate import own
from harness.case import Case, from_seed
from references.model import Model

Arrays = dict[str, np.ndarray]


def model_question() -> Case:
    """Casebook C1: one sequence of one-hot inputs that are their own targets, T = D = K = 5, no initial state."""
    model = Model("rnn", "tanh", "half-squared-error", "sum", 2, True)
    drawn = from_seed(model, {"T": 5, "B": 1, "D": 5, "H": 7, "K": 5}).copies()
    eye = np.eye(5)[:, np.newaxis]
    return Case(model, drawn | {"x": eye, "y": eye, "h0": np.zeros((1, 7))}, "x = y = eye(5)")


def no_flow_through_time(model: Model, arrays: Arrays) -> handgrad.Gradients:
    """Casebook C1: the recurrent term reads the step's own adjoint, still zero, where it must read the later step's."""
    sound = own(model, arrays)
    x, h, W_hh = arrays["x"], np.concatenate([arrays["h0"][np.newaxis], sound.trace["h"]]), arrays["W_hh"]
    dz = sound.trace["z"] - arrays["y"]
    dh = dz @ arrays["W_hy"]
    da = np.zeros_like(dh)
    for t in reversed(range(len(x))):
        dh[t] += da[t] @ W_hh
        da[t] = dh[t] * (1 - h[t + 1] ** 2)
    db = da.sum(axis=(0, 1))
    wrong = {
        "W_ih": np.einsum("tba,tbd->ad", da, x),
        "W_hh": np.einsum("tba,tbh->ah", da, h[:-1]),
        "b_ih": db,
        "b_hh": db.copy(),
    }
    right = {name: sound.grads[name] for name in ("W_hy", "b_y")}
    return handgrad.Gradients(sound.loss, wrong | right, sound.trace)


def doubled_bias(model: Model, arrays: Arrays) -> handgrad.Gradients:
    """The input bias is added twice, in forward and so in backward."""
    return own(model, arrays | {"b_ih": 2 * arrays["b_ih"]})


def swapped_i_and_f(model: Model, arrays: Arrays) -> handgrad.Gradients:
    """Weights are read as if stacked f, i, g, o; gradients are returned as they are stacked: i, f, g, o."""
    names = ("W_ih", "W_hh", "b_ih", "b_hh")
    H = arrays["W_hh"].shape[1]
    order = np.r_[H : 2 * H, 0:H, 2 * H : 4 * H]
    return own(model, arrays | {name: arrays[name][order] for name in names})


def reversed_cotangent(model: Model, arrays: Arrays) -> handgrad.Gradients:
    """The cotangents of the hidden states are read in the reverse order of time; forward is right."""
    wrong = own(model, arrays | {"G": arrays["G"][::-1].copy()})
    right = own(model, arrays)
    return wrong._replace(loss=right.loss, trace=right.trace)


def no_forget_in_the_carry(model: Model, arrays: Arrays) -> handgrad.Gradients:
    """(4*c) without f: dc is carried to the step before as it is."""
    tape = lstm.forward(
        arrays["x"],
        {"h": arrays["h0"], "c": arrays["c0"]},
        arrays["W_ih"],
        arrays["W_hh"],
        arrays["b_ih"] + arrays["b_hh"],
        model.activation,
    )
    i, f, g, o = (tape.gates[:, k] for k in range(4))
    T, B, H = i.shape
    dh_next, dc_next = arrays["G_h"].copy(), arrays["G_c"].copy()
    da = np.zeros((T, B, 4 * H))
    for t in reversed(range(T)):
        dh = arrays["G"][t] + dh_next
        dc = dh * o[t] * (1 - tape.p[t] ** 2) + dc_next
        da[t] = np.hstack([
            dc * g[t] * i[t] * (1 - i[t]),
            dc * tape.c[t] * f[t] * (1 - f[t]),
            dc * i[t] * (1 - g[t] ** 2),
            dh * tape.p[t] * o[t] * (1 - o[t]),
        ])  # fmt: skip
        dh_next, dc_next = da[t] @ arrays["W_hh"], dc
    sound = own(model, arrays)
    db = da.sum(axis=(0, 1))
    wrong = {
        "W_ih": np.einsum("tba,tbd->ad", da, arrays["x"]),
        "W_hh": np.einsum("tba,tbh->ah", da, tape.h[:-1]),
        "b_ih": db,
        "b_hh": db.copy(),
    }
    return sound._replace(grads=wrong)
