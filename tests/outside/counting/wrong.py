"""An Elman RNN in its author's names, with a squared error; its gradient is wrong: U stands for its transpose."""

import numpy as np


def loss_and_grads(params, data):
    W, U, b, x, y = params["W"], params["U"], params["b"], data["x"], data["y"]
    h = np.zeros((len(x) + 1, len(b)))  # h[0] is the initial state
    for t in range(len(x)):
        h[t + 1] = np.tanh(W @ x[t] + U @ h[t] + b)
    dW, dU, db, dh = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(b)
    for t in reversed(range(len(x))):
        da = (h[t + 1] - y[t] + dh) * (1 - h[t + 1] ** 2)
        dW += np.outer(da, x[t])
        dU += np.outer(da, h[t])
        db += da
        dh = U @ da
    return 0.5 * np.sum((h[1:] - y) ** 2), {"W": dW, "U": dU, "b": db}


def example(seed):
    rng = np.random.default_rng(seed)
    params = {"W": rng.normal(size=(4, 3)), "U": rng.normal(size=(4, 4)), "b": rng.normal(size=4)}
    return params, {"x": rng.normal(size=(6, 3)), "y": rng.normal(size=(6, 4))}


model = {"cell": "rnn", "loss": "half-squared-error"}
layout = {"W": "a, x", "U": "a, h", "b": "a", "x": "t x", "y": "t h"}
