"""A simple RNN with the features first, the batch in the middle and time last; column vectors throughout.

h_t = tanh(U x_t + W h_{t-1} + b), prediction V h_t + c, half the squared error, averaged over the batch.
"""

import numpy as np


def run(x, h0, U, W, b, V, c):
    n_h, m = h0.shape
    T = x.shape[2]
    h = np.zeros((n_h, m, T))
    prediction = np.zeros((V.shape[0], m, T))
    h_prev = h0
    for t in range(T):
        h_prev = np.tanh(np.dot(U, x[:, :, t]) + np.dot(W, h_prev) + b)
        h[:, :, t] = h_prev
        prediction[:, :, t] = np.dot(V, h_prev) + c
    return h, prediction


def loss_and_grads(params, data):
    U, W, b, V, c = (params[name] for name in ("U", "W", "b", "V", "c"))
    x, h0, target = data["x"], data["h0"], data["target"]
    h, prediction = run(x, h0, U, W, b, V, c)
    m, T = x.shape[1:]
    error = (prediction - target) / m
    loss = 0.5 * np.sum((prediction - target) ** 2) / m

    grads = {name: np.zeros(array.shape) for name, array in params.items()}
    dx = np.zeros(x.shape)
    carried = np.zeros(h0.shape)
    for t in range(T - 1, -1, -1):
        before = h[:, :, t - 1] if t > 0 else h0
        grads["V"] += np.dot(error[:, :, t], h[:, :, t].T)
        grads["c"] += np.sum(error[:, :, t], axis=1, keepdims=True)
        dh = np.dot(V.T, error[:, :, t]) + carried
        da = dh * (1 - h[:, :, t] ** 2)
        grads["U"] += np.dot(da, x[:, :, t].T)
        grads["W"] += np.dot(da, before.T)
        grads["b"] += np.sum(da, axis=1, keepdims=True)
        dx[:, :, t] = np.dot(U.T, da)
        carried = np.dot(W.T, da)
    return loss, {**grads, "x": dx, "h0": carried}


def example(seed):
    rng = np.random.RandomState(seed)
    n_x, n_h, n_y, m, T = 3, 5, 4, 2, 6
    params = {
        "U": rng.randn(n_h, n_x) / 2,
        "W": rng.randn(n_h, n_h) / 2,
        "b": rng.randn(n_h, 1) / 2,
        "V": rng.randn(n_y, n_h) / 2,
        "c": rng.randn(n_y, 1) / 2,
    }
    return params, {"x": rng.randn(n_x, m, T), "h0": rng.randn(n_h, m) / 2, "target": rng.randn(n_y, m, T)}


layout = {
    "U": "a, x",
    "W": "a, h",
    "b": "a, 1",
    "V": "y, h",
    "c": "y, 1",
    "x": "x b t",
    "h0": "h b",
    "target": "y: y b t",
}
model = {"cell": "rnn", "loss": "half-squared-error", "reduction": "mean-b"}
