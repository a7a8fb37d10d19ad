"""The forward pass of the LSTM that does not pass its gradient check, and what its backward passes share.

    a_k = Uk[:, x_t] + Wk h_{t-1}  for k in i, f, o, g    i, f, o = σ(a)    g = tanh(a_g)
    c_t = f ⊙ c_{t-1} + i ⊙ g    h_t = o ⊙ tanh(c_t)    L = −Σ_t ln softmax(V h_t)[y_t]

No biases. Index −1 of every array of states is the initial state, zero.
"""

from typing import Any, NamedTuple

import numpy as np

GATES = "ifog"

layout = {f"{matrix}{gate}": f"{gate}, {source}" for matrix, source in (("U", "x"), ("W", "h")) for gate in GATES}
layout |= {"V": "y, h", "x": "t", "y": "t"}
model = {"cell": "lstm", "activation": "tanh", "loss": "softmax-cross-entropy", "reduction": "sum"}


class States(NamedTuple):
    """Everything by time step: gates and probabilities T rows, h and c T + 1."""

    i: Any
    f: Any
    o: Any
    g: Any
    h: Any
    c: Any
    p: Any


def example(seed, steps=7, vocabulary=8, hidden=5):
    rng = np.random.default_rng(seed)
    width = 1 / np.sqrt(hidden)
    params = {f"U{k}": rng.uniform(-width, width, (hidden, vocabulary)) for k in GATES}
    params |= {f"W{k}": rng.uniform(-width, width, (hidden, hidden)) for k in GATES}
    params["V"] = rng.uniform(-width, width, (vocabulary, hidden))
    return params, {"x": rng.integers(vocabulary, size=steps), "y": rng.integers(vocabulary, size=steps)}


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


def forward(params, x):
    T, (K, H) = len(x), params["V"].shape
    i, f, o, g = np.zeros((4, T, H))
    h, c = np.zeros((2, T + 1, H))  # index −1: the state before the first step
    p = np.zeros((T, K))
    for t in range(T):
        i[t] = sigmoid(params["Ui"][:, x[t]] + params["Wi"] @ h[t - 1])
        f[t] = sigmoid(params["Uf"][:, x[t]] + params["Wf"] @ h[t - 1])
        o[t] = sigmoid(params["Uo"][:, x[t]] + params["Wo"] @ h[t - 1])
        g[t] = np.tanh(params["Ug"][:, x[t]] + params["Wg"] @ h[t - 1])
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        p[t] = softmax(params["V"] @ h[t])
    return States(i, f, o, g, h, c, p)


def cross_entropy(p, y):
    return -np.sum(np.log(p[np.arange(len(y)), y]))


def errors(p, y):
    """dL/dz of all steps."""
    dz = p.copy()  # T K
    dz[np.arange(len(y)), y] -= 1
    return dz


def into_cell(states, t, dh):
    """What the adjoint of step t's h brings to that of its c."""
    return dh * states.o[t] * (1 - np.tanh(states.c[t]) ** 2)


def into_gates(states, t, dh, dc):
    """The adjoints of the four pre-activations of step t, from those of its h and its c."""
    i, f, o, g, _, c, _ = states
    return {
        "i": dc * g[t] * i[t] * (1 - i[t]),
        "f": dc * c[t - 1] * f[t] * (1 - f[t]),
        "o": dh * np.tanh(c[t]) * o[t] * (1 - o[t]),
        "g": dc * i[t] * (1 - g[t] ** 2),
    }
