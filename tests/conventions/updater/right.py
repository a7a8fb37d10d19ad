"""A character model that gives no gradients away: one call learns from a window, in place.

Column vectors, symbols as indices, states in a dict that begins at −1. At rate 1 the gradient is old − new.
"""

import numpy as np


def learn(symbols, following, h_before, Wxh, Whh, Why, bh, by, rate=0.1):
    xs, hs, ps = {}, {-1: h_before}, {}
    loss = 0
    for t in range(len(symbols)):
        xs[t] = np.zeros((Wxh.shape[1], 1))
        xs[t][symbols[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        scores = Why @ hs[t] + by
        ps[t] = np.exp(scores - np.max(scores))
        ps[t] = ps[t] / np.sum(ps[t])
        loss += -np.log(ps[t][following[t], 0])
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(w) for w in (Wxh, Whh, Why, bh, by))
    dh_next = np.zeros_like(h_before)
    for t in reversed(range(len(symbols))):
        dy = np.copy(ps[t])
        dy[following[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy + dh_next
        draw = (1 - hs[t] * hs[t]) * dh
        dbh += draw
        dWxh += draw @ xs[t].T
        dWhh += draw @ hs[t - 1].T
        dh_next = Whh.T @ draw
    for weight, gradient in zip((Wxh, Whh, Why, bh, by), (dWxh, dWhh, dWhy, dbh, dby), strict=True):
        weight -= rate * gradient
    return loss


def loss_and_grads(params, data):
    new = {name: weight.copy() for name, weight in params.items()}
    loss = learn(data["symbols"], data["following"], data["h_before"], **new, rate=1.0)
    return loss, {name: params[name] - new[name] for name in params}


def example(seed):
    rng = np.random.default_rng(seed)
    V, H = 6, 5
    text = rng.integers(V, size=9)
    params = {
        "Wxh": rng.normal(size=(H, V)) / 2,
        "Whh": rng.normal(size=(H, H)) / 2,
        "Why": rng.normal(size=(V, H)) / 2,
        "bh": rng.normal(size=(H, 1)) / 2,
        "by": rng.normal(size=(V, 1)) / 2,
    }
    return params, {"symbols": text[:-1], "following": text[1:], "h_before": rng.normal(size=(H, 1)) / 2}


layout = {
    "Wxh": "a, x",
    "Whh": "a, h",
    "Why": "y, h",
    "bh": "a, 1",
    "by": "y, 1",
    "symbols": "x: t",
    "following": "y: t",
    "h_before": "h0: h b",
}
model = {"cell": "rnn", "loss": "softmax-cross-entropy"}
