"""An LSTM that reads (batch, time, features); its four gates are interleaved unit by unit in one packed matrix.

Row vectors, inputs stacked on the state. Column 4k + n of W is gate n of unit k, in the order i, f, o, g.
A class is predicted at every step; the loss is the mean over batch and time.

Broken: `dx += dx` for `dx += dxt`: what arrives at the inputs is never added, and stays zero.
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(x, W, b, V, d):
    B, T, _ = x.shape
    H = V.shape[0]
    h, c = np.zeros((B, H)), np.zeros((B, H))
    steps, scores = [], []
    for t in range(T):
        xh = np.hstack([x[:, t], h])
        z = (xh @ W + b).reshape(B, H, 4)
        i, f, o = (sigmoid(z[:, :, k]) for k in range(3))
        g = np.tanh(z[:, :, 3])
        c_before, c = c, f * c + i * g
        h = o * np.tanh(c)
        steps.append((xh, i, f, o, g, c_before, c, h))
        scores.append(h @ V + d)
    return np.stack(scores, axis=1), steps


def cross_entropy(scores, labels):
    B, T, _ = scores.shape
    shifted = scores - scores.max(axis=2, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=2, keepdims=True)
    rows, cols = np.arange(B)[:, None], np.arange(T)
    loss = -np.log(p[rows, cols, labels]).mean()
    p[rows, cols, labels] -= 1
    return loss, p / (B * T)


def backward(dscores, steps, x, W, V):
    D = x.shape[2]
    B, T, _ = dscores.shape
    H = V.shape[0]
    dW, db, dV = np.zeros_like(W), np.zeros(4 * H), np.zeros_like(V)
    dx = np.zeros_like(x)
    dh_next, dc_next = np.zeros((B, H)), np.zeros((B, H))
    for t in reversed(range(T)):
        xh, i, f, o, g, c_before, c, h = steps[t]
        dV += h.T @ dscores[:, t]
        dh = dscores[:, t] @ V.T + dh_next
        tc = np.tanh(c)
        dc = dc_next + dh * o * (1 - tc**2)
        dz = np.empty((B, H, 4))
        dz[:, :, 0] = dc * g * i * (1 - i)
        dz[:, :, 1] = dc * c_before * f * (1 - f)
        dz[:, :, 2] = dh * tc * o * (1 - o)
        dz[:, :, 3] = dc * i * (1 - g**2)
        dz = dz.reshape(B, 4 * H)
        dW += xh.T @ dz
        db += dz.sum(axis=0)
        dxh = dz @ W.T
        dx[:, t] += dx[:, t]
        dh_next = dxh[:, D:]
        dc_next = dc * f
    return {"x": dx, "W": dW, "b": db, "V": dV, "d": dscores.sum(axis=(0, 1))}


def loss_and_grads(params, data):
    scores, steps = forward(data["x"], **params)
    loss, dscores = cross_entropy(scores, data["labels"])
    return loss, backward(dscores, steps, data["x"], params["W"], params["V"])


def example(seed):
    rng = np.random.default_rng(seed)
    B, T, D, H, K = 2, 7, 3, 5, 4
    params = {
        "W": rng.normal(size=(D + H, 4 * H)) / 2,
        "b": rng.normal(size=4 * H) / 2,
        "V": rng.normal(size=(H, K)) / 2,
        "d": rng.normal(size=K) / 2,
    }
    return params, {"x": rng.normal(size=(B, T, D)), "labels": rng.integers(K, size=(B, T))}


layout = {
    "W": "x+h, [i f o g]",
    "b": "[i f o g]",
    "V": "h, y",
    "d": "y",
    "x": "b t x",
    "labels": "y: b t",
}
model = {"cell": "lstm", "loss": "softmax-cross-entropy", "reduction": "mean"}
