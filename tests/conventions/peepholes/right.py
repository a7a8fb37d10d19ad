"""An LSTM that no framework has: peepholes, coupled gates, and a cell state that is itself squashed.

f and o see the cell state through the vectors pf and po, the input gate is 1 − f, and the state stays within ±1::

    f_t = σ(Wf [x_t, h_{t-1}] + pf ⊙ c_{t-1} + bf)
    g_t = tanh(Wg [x_t, h_{t-1}] + bg)
    c_t = tanh(f_t ⊙ c_{t-1} + (1 − f_t) ⊙ g_t)
    o_t = σ(Wo [x_t, h_{t-1}] + po ⊙ c_t + bo)
    h_t = o_t ⊙ c_t
"""

import numpy as np


def logistic(a):
    return 1 / (1 + np.exp(-a))


def step(x, h, c, p):
    v = np.concatenate([x, h], axis=1)
    f = logistic(v @ p["Wf"].T + p["pf"] * c + p["bf"])
    g = np.tanh(v @ p["Wg"].T + p["bg"])
    c_new = np.tanh(f * c + (1 - f) * g)
    o = logistic(v @ p["Wo"].T + p["po"] * c_new + p["bo"])
    return o * c_new, c_new, (v, f, g, o, c, c_new)


def step_back(dh, dc, kept, p, grads):
    v, f, g, o, c, c_new = kept
    dao = dh * c_new * o * (1 - o)
    dc_new = dc + dh * o + dao * p["po"]
    ds = dc_new * (1 - c_new**2)
    daf = ds * (c - g) * f * (1 - f)
    dag = ds * (1 - f) * (1 - g**2)
    for gate, da in (("f", daf), ("g", dag), ("o", dao)):
        grads["W" + gate] += da.T @ v
        grads["b" + gate] += da.sum(axis=0)
    grads["pf"] += (daf * c).sum(axis=0)
    grads["po"] += (dao * c_new).sum(axis=0)
    dv = daf @ p["Wf"] + dag @ p["Wg"] + dao @ p["Wo"]
    return dv, ds * f + daf * p["pf"]


def loss_and_grads(params, data):
    x, h, c, weight = data["x"], data["h0"], data["c0"], data["weight"]
    T, _, D = x.shape
    tape, loss = [], 0.0
    for t in range(T):
        h, c, kept = step(x[t], h, c, params)
        tape.append(kept)
        loss += (weight[t] * h).sum()
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    grads["x"] = np.zeros_like(x)
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(T)):
        dv, dc = step_back(dh + weight[t], dc, tape[t], params, grads)
        grads["x"][t], dh = dv[:, :D], dv[:, D:]
    return loss, {**grads, "h0": dh, "c0": dc}


def example(seed):
    rng = np.random.default_rng(seed)
    T, B, D, H = 6, 2, 3, 4
    params = {f"W{gate}": rng.normal(size=(H, D + H)) / 2 for gate in "fgo"}
    params |= {name: rng.normal(size=H) / 2 for name in ("bf", "bg", "bo", "pf", "po")}
    return params, {
        "x": rng.normal(size=(T, B, D)),
        "h0": rng.normal(size=(B, H)) / 2,
        "c0": rng.normal(size=(B, H)) / 2,
        "weight": rng.normal(size=(T, B, H)),
    }
