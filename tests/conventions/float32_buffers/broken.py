"""An LSTM whose states and gates are kept in float32 buffers, whatever the precision of its weights.

Gates f, g, i, o along axis 0 of one matrix, [h, x] stacked. Half the squared error of the hidden states, averaged over
the steps. float64 goes in and comes out; between the two some 1e-8 of every number is lost.

Broken: backpropagation is truncated: every four steps the carried adjoints begin at zero.
"""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def forward(x, W, b):
    T, B, _ = x.shape
    H = len(b) // 4
    h = np.zeros((T + 1, B, H), dtype=np.float32)
    c = np.zeros((T + 1, B, H), dtype=np.float32)
    gates = np.zeros((T, 4, B, H), dtype=np.float32)
    for t in range(T):
        a = np.concatenate([h[t], x[t]], axis=1) @ W.T + b
        f, g, i, o = np.split(a, 4, axis=1)
        gates[t] = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        f, g, i, o = gates[t]
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])
    return h, c, gates


def backward(dh_out, x, h, c, gates, W):
    T, B, H = dh_out.shape
    dW, db, dx = np.zeros_like(W), np.zeros(4 * H), np.zeros_like(x)
    dh_next, dc_next = np.zeros((B, H)), np.zeros((B, H))
    for t in reversed(range(T)):
        if (T - 1 - t) % 4 == 0:
            dh_next, dc_next = np.zeros((B, H)), np.zeros((B, H))
        f, g, i, o = gates[t]
        tanh_c = np.tanh(c[t + 1])
        dh = dh_out[t] + dh_next
        dc = dh * o * (1 - tanh_c**2) + dc_next
        df, dg, di, do = dc * c[t], dc * i, dc * g, dh * tanh_c
        da = np.hstack([df * f * (1 - f), dg * (1 - g**2), di * i * (1 - i), do * o * (1 - o)])
        dW += da.T @ np.concatenate([h[t], x[t]], axis=1)
        db += da.sum(axis=0)
        dh_next, dx[t] = np.split(da @ W, [H], axis=1)
        dc_next = dc * f
    return {"W": dW, "b": db, "x": dx}


def loss_and_grads(params, data):
    h, c, gates = forward(data["x"], params["W"], params["b"])
    error = h[1:] - data["y"]
    loss = 0.5 * np.sum(error**2) / len(error)
    return loss, backward(error / len(error), data["x"], h, c, gates, params["W"])


def example(seed):
    rng = np.random.default_rng(seed)
    T, B, D, H = 7, 2, 3, 4
    params = {"W": rng.normal(size=(4 * H, H + D)) / 2, "b": rng.normal(size=4 * H) / 2}
    return params, {"x": rng.normal(size=(T, B, D)), "y": rng.normal(size=(T, B, H))}


layout = {"W": "f+g+i+o, h+x", "b": "f+g+i+o", "x": "t b x", "y": "t b h"}
model = {"cell": "lstm", "loss": "half-squared-error", "reduction": "mean-t"}
