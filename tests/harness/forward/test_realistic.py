"""Recurrent networks as people write them: every array by complex step, and equal to their own right backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from own_forward import Differentiate, never_wrong, precise

T, B, D, H, K = 5, 2, 3, 4, 6


def normal(seed: int, **shapes: tuple[int, ...]) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    return {name: 0.6 * generator.normal(size=shape) for name, shape in shapes.items()}


CHARACTERS = '''
import numpy as np
vocab_size, hidden_size = 6, 4

def lossFun(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    """inputs and targets are lists of integers, hprev is (H, 1)."""
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    if True:
        print("iter %d, loss: %f" % (0, loss))
        print(f"loss {loss:.4f}, largest {max(abs(hs[0].ravel())):8.3e}")
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    for dparam in [dWxh, dWhh, dWhy, dbh, dby]:
        np.clip(dparam, -50, 50, out=dparam)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]

def loss_and_grads(params, data):
    loss, dWxh, dWhh, dWhy, dbh, dby, _ = lossFun(data["inputs"], data["targets"], data["hprev"], **params)
    return loss, {"Wxh": dWxh, "Whh": dWhh, "Why": dWhy, "bh": dbh, "by": dby}
'''

DICTIONARY = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)

def loss_and_grads(params, data):
    p = params
    n_h = p["Wf"].shape[0]
    h, c = data["h0"], data["c0"]
    cache, loss = [], 0.0
    for t, x in enumerate(data["x"]):
        z = np.row_stack((h, x)) if hasattr(np, "row_stack") and False else np.concatenate((h, x), axis=0)
        f = sigmoid(np.dot(p["Wf"], z) + p["bf"])
        i = sigmoid(np.dot(p["Wi"], z) + p["bi"])
        g = np.tanh(np.dot(p["Wc"], z) + p["bc"])
        c_old, c = c, f * c + i * g
        o = sigmoid(np.dot(p["Wo"], z) + p["bo"])
        h = o * np.tanh(c)
        y = softmax(np.dot(p["Wy"], h) + p["by"])
        assert y.shape == p["by"].shape and abs(y.sum() - 1) < 1e-9
        loss -= np.log(y[data["y"][t]]).item()
        cache.append((z, f, i, g, o, c, c_old, h, y))
    grads = {"d" + name: np.zeros_like(value) for name, value in p.items()}
    dh_next, dc_next = np.zeros((n_h, 1)), np.zeros((n_h, 1))
    dx = [None] * len(cache)
    for t in range(len(cache) - 1, -1, -1):
        z, f, i, g, o, c, c_old, h, y = cache[t]
        dy = y.copy()
        dy[data["y"][t]] -= 1.0
        grads["dWy"] += dy @ h.T
        grads["dby"] += dy
        dh = p["Wy"].T @ dy + dh_next
        dc = dc_next + dh * o * (1 - np.tanh(c) ** 2)
        d = {"o": dh * np.tanh(c) * o * (1 - o), "c": dc * i * (1 - g**2),
             "i": dc * g * i * (1 - i), "f": dc * c_old * f * (1 - f)}
        dz = 0
        for gate, da in d.items():
            grads["dW" + gate] += da @ z.T
            grads["db" + gate] += da
            dz = dz + p["W" + gate].T @ da
        dh_next, dc_next, dx[t] = dz[:n_h, :], dc * f, dz[n_h:, :]
    out = {name[1:]: value for name, value in grads.items()}
    return loss, {**out, "x": dx, "h0": dh_next, "c0": dc_next}
"""

OBJECT = """
import numpy as np

class RNN(object):
    def __init__(self, params):
        for name, value in params.items():
            setattr(self, name, value)
        self.reset()

    def reset(self):
        self.dU = np.zeros(self.U.shape)
        self.dW = np.zeros(self.W.shape)
        self.dV = np.zeros(self.V.shape)

    def forward(self, x):
        T, B = x.shape[0], x.shape[1]
        self.x = x
        self.s = np.zeros((T + 1, B, self.W.shape[0]), dtype=np.float64)
        self.o = np.zeros((T, B, self.V.shape[1]))
        for t in np.arange(T):
            self.s[t] = np.tanh(x[t].dot(self.U) + self.s[t - 1].dot(self.W))
            e = np.exp(self.s[t].dot(self.V) - np.max(self.s[t].dot(self.V), axis=-1, keepdims=True))
            self.o[t] = e / np.sum(e, axis=-1, keepdims=True)
        return self.o

    def loss(self, y):
        T, B = y.shape
        picked = self.o[np.arange(T)[:, None], np.arange(B)[None, :], y]
        return -np.sum(np.log(picked)) / float(T * B)

    def backward(self, y):
        T, B = y.shape
        delta = self.o.copy()
        delta[np.arange(T)[:, None], np.arange(B)[None, :], y] -= 1.0
        delta /= T * B
        carry = np.zeros_like(self.s[0])
        for t in reversed(range(T)):
            self.dV += self.s[t].T.dot(delta[t])
            ds = delta[t].dot(self.V.T) + carry
            da = ds * (1.0 - self.s[t] ** 2)
            self.dU += self.x[t].T.dot(da)
            self.dW += self.s[t - 1].T.dot(da)
            carry = da.dot(self.W.T)

def loss_and_grads(params, data):
    model = RNN(params)
    model.forward(data["x"])
    loss = model.loss(data["y"])
    model.backward(data["y"])
    return loss, {"U": model.dU, "W": model.dW, "V": model.dV}
"""

UPDATER = """
from copy import deepcopy
import numpy as np

def sigm(x, derivative=False):
    return x * (1 - x) if derivative else 1 / (1 + np.exp(-x))

def step(w, X, Y, alpha):
    '''One update in place, as the classic binary adder makes it.'''
    layer_1_values = [np.zeros(w["Wh"].shape[0])]
    deltas, error = list(), 0
    for x, y in zip(X, Y):
        layer_1 = sigm(np.dot(x, w["W0"]) + np.dot(layer_1_values[-1], w["Wh"]))
        layer_2 = sigm(np.dot(layer_1, w["W1"]))
        miss = y - layer_2
        deltas.append(miss * sigm(layer_2, derivative=True))
        error += 0.5 * float(np.sum(np.abs(miss) ** 2))
        layer_1_values.append(deepcopy(layer_1))
    update = {name: np.zeros_like(value) for name, value in w.items()}
    future = np.zeros(w["Wh"].shape[0])
    for t in range(len(X)):
        now, before = layer_1_values[-t - 1], layer_1_values[-t - 2]
        delta = (future.dot(w["Wh"].T) + deltas[-t - 1].dot(w["W1"].T)) * sigm(now, derivative=True)
        update["W1"] += np.atleast_2d(now).T.dot(np.atleast_2d(deltas[-t - 1]))
        update["Wh"] += np.atleast_2d(before).T.dot(np.atleast_2d(delta))
        update["W0"] += np.atleast_2d(X[len(X) - t - 1]).T.dot(np.atleast_2d(delta))
        future = delta
    for name in w:
        w[name] += update[name] * alpha
    return error

def loss_and_grads(params, data):
    w = {name: value.copy() for name, value in params.items()}
    loss = step(w, data["x"], data["y"], 1.0)
    return loss, {name: params[name] - w[name] for name in w}
"""

GATED = """
import numpy as np

def loss_and_grads(params, data):
    Wz, Wr, Wh = (params[n] for n in ("Wz", "Wr", "Wh"))
    x, G, h0 = data["x"], data["G"], data["h0"]
    T, B, D = x.shape
    H = Wz.shape[1]
    one = np.ones((B, 1))
    h = np.empty((T + 1, B, H)); h[0] = h0
    z, r, n = np.empty((T, B, H)), np.empty((T, B, H)), np.empty((T, B, H))
    for t in range(T):
        u = np.hstack([one, x[t], h[t]])
        z[t] = 1 / (1 + np.exp(-u @ Wz))
        r[t] = 1 / (1 + np.exp(-u @ Wr))
        n[t] = np.tanh(np.hstack([one, x[t], r[t] * h[t]]) @ Wh)
        h[t + 1] = (1 - z[t]) * h[t] + z[t] * n[t]
    loss = np.sum(G * h[1:])
    dWz, dWr, dWh, dx = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wh), np.zeros_like(x)
    dh = np.zeros((B, H))
    for t in range(T - 1, -1, -1):
        u, w = np.hstack([one, x[t], h[t]]), np.hstack([one, x[t], r[t] * h[t]])
        dh = dh + G[t]
        dn = dh * z[t] * (1 - n[t] ** 2)
        dz = dh * (n[t] - h[t]) * z[t] * (1 - z[t])
        dw = dn @ Wh.T
        dr = dw[:, 1 + D:] * h[t] * r[t] * (1 - r[t])
        dWh += w.T @ dn; dWz += u.T @ dz; dWr += u.T @ dr
        du = dz @ Wz.T + dr @ Wr.T
        dx[t] = du[:, 1:1 + D] + dw[:, 1:1 + D]
        dh = dh * (1 - z[t]) + dw[:, 1 + D:] * r[t] + du[:, 1 + D:]
    return loss, {"Wz": dWz, "Wr": dWr, "Wh": dWh, "x": dx, "h0": dh, "G": h[1:]}
"""

BIDIRECTIONAL = """
from numpy import *
from numpy.linalg import norm

def one_way(x, W, U):
    h = zeros((len(x) + 1, U.shape[0]))
    for t in range(len(x)):
        h[t + 1] = maximum(0.0, dot(x[t], W) + dot(h[t], U))
    return h

def back(x, h, W, U, dh_all):
    dW, dU, carry = zeros_like(W), zeros_like(U), zeros(U.shape[0])
    for t in range(len(x) - 1, -1, -1):
        da = (dh_all[t] + carry) * (h[t + 1] > 0)
        dW += outer(x[t], da)
        dU += outer(h[t], da)
        carry = dot(da, U.T)
    return dW, dU

def loss_and_grads(params, data):
    x, y = data["x"], data["y"]
    forth = one_way(x, params["Wf"], params["Uf"])
    over = one_way(x[::-1], params["Wb"], params["Ub"])
    both = concatenate([forth[1:], over[1:][::-1]], axis=1)
    e = dot(both, params["V"]) - y
    loss = mean(norm(e, axis=1) ** 2)
    de = 2 * e / len(x)
    dboth = dot(de, params["V"].T)
    H = forth.shape[1]
    dWf, dUf = back(x, forth, params["Wf"], params["Uf"], dboth[:, :H])
    dWb, dUb = back(x[::-1], over, params["Wb"], params["Ub"], dboth[::-1, H:])
    grads = {"Wf": dWf, "Uf": dUf, "Wb": dWb, "Ub": dUb, "V": dot(both.T, de)}
    total = sqrt(sum([sum(g ** 2) for g in grads.values()]))
    if total > 1e6:
        grads = {k: g * 1e6 / total for k, g in grads.items()}
    return loss, grads
"""

FLAT = """
import numpy as np
import math

class Gates:
    __slots__ = ("i", "f", "o", "g", "c", "c_old", "h_old", "x")

def lstm_step(x, h, c, W, U, b):
    H = len(h)
    k = Gates()
    a = np.array([sum(W[r][k_] * x[k_] for k_ in range(len(x))) + sum(U[r][j] * h[j] for j in range(H)) + b[r]
                  for r in range(4 * H)])
    k.i = np.array([1.0 / (1.0 + math.exp(-v)) for v in a[:H]])
    k.f = np.array([1.0 / (1.0 + math.exp(-v)) for v in a[H:2 * H]])
    k.o = np.array([1.0 / (1.0 + math.exp(-v)) for v in a[2 * H:3 * H]])
    k.g = np.array([math.tanh(v) for v in a[3 * H:]])
    k.c_old, k.h_old, k.x = c, h, x
    k.c = k.f * c + k.i * k.g
    return k.o * np.tanh(k.c), k

def loss_and_grads(params, data):
    W, U, b = params["W"], params["U"], params["b"]
    H = U.shape[1]
    h, c, tape = np.zeros(H), np.zeros(H), []
    loss = 0.0
    for x, y in zip(data["x"], data["y"]):
        h, k = lstm_step(x, h, c, W, U, b)
        c = k.c
        tape.append((k, h, y))
        loss += (h[0] - y) ** 2
    dW, dU, db = np.zeros(W.shape), np.zeros(U.shape), np.zeros(b.shape)
    dh, dc = np.zeros(H), np.zeros(H)
    for k, h, y in tape[::-1]:
        dh[0] += 2 * (h[0] - y)
        dc += dh * k.o * (1 - np.tanh(k.c) ** 2)
        da = np.r_[dc * k.g * k.i * (1 - k.i), dc * k.c_old * k.f * (1 - k.f),
                   dh * np.tanh(k.c) * k.o * (1 - k.o), dc * k.i * (1 - k.g ** 2)]
        dW += np.outer(da, k.x); dU += np.outer(da, k.h_old); db += da
        dh, dc = U.T.dot(da), dc * k.f
    return float(loss), {"W": dW, "U": dU, "b": db}
"""

SINGLE = OBJECT.replace("dtype=np.float64", "dtype=np.float32")


def lstm_arrays(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    gates = {f"W{g}": (H, H + D) for g in "fico"} | {f"b{g}": (H, 1) for g in "fico"}
    params = normal(seed, **gates, Wy=(K, H), by=(K, 1))
    states = normal(seed + 1, h0=(H, 1), c0=(H, 1))
    x = list(normal(seed + 2, x=(T, D, 1))["x"])
    return params, {**states, "x": x, "y": [3, 0, 5, 1, 1]}


CASES: dict[str, tuple[str, Callable[[], tuple[dict[str, Any], dict[str, Any]]]]] = {
    "characters": (
        CHARACTERS,
        lambda: (
            normal(1, Wxh=(H, K), Whh=(H, H), Why=(K, H), bh=(H, 1), by=(K, 1)),
            {"inputs": [0, 3, 1, 5, 5], "targets": [3, 1, 5, 5, 2], **normal(2, hprev=(H, 1))},
        ),
    ),
    "columns in dictionaries": (DICTIONARY, lambda: lstm_arrays(3)),
    "an object": (
        OBJECT,
        lambda: (
            normal(4, U=(D, H), W=(H, H), V=(H, K)),
            {**normal(5, x=(T, B, D)), "y": np.array([[0, 1], [2, 3], [4, 5], [1, 1], [0, 2]])},
        ),
    ),
    "updates in place": (
        UPDATER,
        lambda: (
            normal(6, W0=(2, H), Wh=(H, H), W1=(H, 1)),
            {"x": [[0, 1], [1, 1], [1, 0]], "y": [[1], [0], [0]]},
        ),
    ),
    "gated units": (
        GATED,
        lambda: (
            normal(7, Wz=(1 + D + H, H), Wr=(1 + D + H, H), Wh=(1 + D + H, H)),
            normal(8, x=(T, B, D), G=(T, B, H), h0=(B, H)),
        ),
    ),
    "both directions": (
        BIDIRECTIONAL,
        lambda: (
            normal(9, Wf=(D, H), Uf=(H, H), Wb=(D, H), Ub=(H, H), V=(2 * H, K)),
            normal(10, x=(T, D), y=(T, K)),
        ),
    ),
    "by math and Python's loops": (
        FLAT,
        lambda: (
            normal(11, W=(4 * 3, D), U=(4 * 3, 3), b=(12,)),
            {**normal(12, x=(T, D)), "y": [0.1, -0.2, 0.5, 0.0, 0.3]},
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_by_complex_step_and_equal_to_its_own_backward(differentiate: Differentiate, name: str) -> None:
    source, arrays = CASES[name]
    params, data = arrays()
    space: dict[str, Any] = {"__name__": "candidate"}
    exec(source, space)
    loss, grads = space["loss_and_grads"](*arrays())
    derived = differentiate(source, params, data, [*grads])
    assert derived.loss == pytest.approx(float(loss), rel=1e-12)
    assert set(derived.method.values()) == {"complex step"}, derived.notes
    assert (derived.share, derived.notes) == (1.0, ())
    assert derived.noise < 1e-13
    never_wrong(derived, {key: np.asarray(grad) for key, grad in grads.items()})
    precise(derived, 1e-12)


def test_single_precision_inside(differentiate: Differentiate) -> None:
    """The patched run works in double precision; that the real one does not is in its noise."""
    _, arrays = CASES["an object"]
    params, data = arrays()
    space: dict[str, Any] = {"__name__": "candidate"}
    exec(OBJECT, space)
    exact = space["loss_and_grads"](*arrays())[1]
    derived = differentiate(SINGLE, params, data, [*exact])
    assert set(derived.method.values()) == {"complex step"}, derived.notes
    assert 1e-9 < derived.noise < 1e-6
    never_wrong(derived, exact)
    precise(derived, 1e-10)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("characters", "dhraw = (1 - hs[t] * hs[t]) * dh", "dhraw = np.percentile(dy, 50) * dh"),
        (
            "gated units",
            "dh = np.zeros((B, H))\n",
            "dh = np.zeros((B, H)); from math import ldexp; ldexp(dx.sum(), 3)\n",
        ),
        (
            "an object",
            "delta = self.o.copy()",
            "delta = np.array([[['%d' % 1, o.hex()] for o in p] for p in self.o[0]])",
        ),
    ],
)
def test_a_backward_that_fails_on_complex_numbers(differentiate: Differentiate, name: str, old: str, new: str) -> None:
    """It takes the loss with it: differences serve, and are right."""
    source, arrays = CASES[name]
    assert old in source
    broken = source.replace(old, new) if name != "an object" else source.replace(old, f"{new}; {old}")
    params, data = arrays()
    space: dict[str, Any] = {"__name__": "candidate"}
    exec(source, space)
    grads = space["loss_and_grads"](*arrays())[1]
    derived = differentiate(broken, params, data, [*grads])
    assert set(derived.method.values()) == {"differences"}
    assert derived.notes[0].startswith("complex step: ") and " at candidate.py line " in derived.notes[0]
    never_wrong(derived, {key: np.asarray(grad) for key, grad in grads.items()})
    precise(derived, 1e-8)
