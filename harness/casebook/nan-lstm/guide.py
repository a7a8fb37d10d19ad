"""The guide that the NaN LSTM was written from: a blog post's LSTM, as it is printed.

    X = [h_{t-1}, x_t]    hf, hi, ho = σ(X W. + b.)    hc = tanh(X Wc + bc)
    c_t = hf ⊙ c_{t-1} + hi ⊙ hc    h_t = ho ⊙ tanh(c_t)    p_t = softmax(h_t Wy + by)

Row vectors. Two faults: the target is subtracted at row 1 of an array whose only row is row 0; and one function, dtanh,
serves both the raw cell state and the candidate, which tanh was already applied to.
"""

import numpy as np

layout = {
    "Wf": "h+x, f",
    "Wi": "h+x, i",
    "Wc": "h+x, g",
    "Wo": "h+x, o",
    "Wy": "h, y",
    "bf": "1, f",
    "bi": "1, i",
    "bc": "1, g",
    "bo": "1, o",
    "by": "1, y",
    "X_train": "x: t",
    "y_train": "y: t",
    "h": "h0: 1 h",
    "c": "c0: 1 h",
}
model = {"cell": "lstm", "activation": "tanh", "loss": "softmax-cross-entropy", "reduction": "sum"}


def example(seed, D=11, H=6, T=7):
    rng = np.random.default_rng(seed)
    Z = H + D
    params = {f"W{gate}": rng.normal(size=(Z, H)) / np.sqrt(Z / 2.0) for gate in "fico"}
    params |= {f"b{gate}": np.zeros((1, H)) for gate in "fico"}
    params |= {"Wy": rng.normal(size=(H, D)) / np.sqrt(D / 2.0), "by": np.zeros((1, D))}
    text = rng.integers(D, size=T + 1)
    h, c = rng.normal(size=(2, 1, H)) / 2  # left by the sequence before
    return params, {"X_train": text[:-1], "y_train": text[1:], "h": h, "c": c}


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softmax(y):
    e = np.exp(y - np.max(y))
    return e / np.sum(e)


def dsigmoid(s):
    return s * (1 - s)


def dtanh(v):
    return 1 - np.tanh(v) ** 2


def lstm_forward(index, state, params):
    h_old, c_old = state
    D = params["Wf"].shape[0] - params["Wf"].shape[1]
    x = np.zeros((1, D))
    x[0, index] = 1.0
    X = np.column_stack((h_old, x))  # 1 H+D
    hf = sigmoid(X @ params["Wf"] + params["bf"])  # 1 H
    hi = sigmoid(X @ params["Wi"] + params["bi"])  # 1 H
    ho = sigmoid(X @ params["Wo"] + params["bo"])  # 1 H
    hc = np.tanh(X @ params["Wc"] + params["bc"])  # 1 H
    c = hf * c_old + hi * hc  # 1 H
    h = ho * np.tanh(c)  # 1 H
    prob = softmax(h @ params["Wy"] + params["by"])  # 1 K
    return prob, (h, c), (X, hf, hi, ho, hc, c_old, c, h)


def lstm_backward(prob, target, d_next, cache, params, row, dtanh):
    X, hf, hi, ho, hc, c_old, c, h = cache
    dh_next, dc_next = d_next
    H = h.shape[1]
    dy = prob.copy()  # 1 K
    dy[row, target] -= 1.0
    dh = dy @ params["Wy"].T + dh_next  # 1 H
    dho = dsigmoid(ho) * dh * np.tanh(c)  # 1 H
    dc = ho * dh * dtanh(c) + dc_next  # 1 H
    dhf = dsigmoid(hf) * c_old * dc  # 1 H
    dhi = dsigmoid(hi) * hc * dc  # 1 H
    dhc = dtanh(hc) * hi * dc  # 1 H
    grads = {"Wy": h.T @ dy, "by": dy}
    dX = 0
    for gate, da in (("f", dhf), ("i", dhi), ("o", dho), ("c", dhc)):
        grads[f"W{gate}"], grads[f"b{gate}"] = X.T @ da, da
        dX = dX + da @ params[f"W{gate}"].T  # 1 H+D
    return grads, (dX[:, :H], hf * dc)


def train_step(params, data, row, dtanh):
    """Loss and gradients of one sequence; the target is subtracted at ``row``."""
    state = data["h"], data["c"]
    probs, caches, loss = [], [], 0.0
    for index, target in zip(data["X_train"], data["y_train"], strict=True):
        prob, state, cache = lstm_forward(index, state, params)
        loss = loss - np.log(prob[0, target])
        probs.append(prob)
        caches.append(cache)

    grads = {name: np.zeros_like(array) for name, array in params.items()}
    d_next = np.zeros_like(data["h"]), np.zeros_like(data["c"])
    for prob, target, cache in zip(probs[::-1], data["y_train"][::-1], caches[::-1], strict=True):
        step, d_next = lstm_backward(prob, target, d_next, cache, params, row, dtanh)
        for name in grads:
            grads[name] += step[name]
    return loss, grads | {"h": d_next[0], "c": d_next[1]}


def loss_and_grads(params, data):
    return train_step(params, data, row=1, dtanh=dtanh)
