"""A simple recurrent network with a linear output, one sequence, step by step; vectors have one axis.

s_t = tanh(x_t U + s_{t-1} W + b_in + b_rec)    o_t = V s_t + c    L = ½ Σ (o_t − y_t)²
"""

import numpy as np

layout = {
    "U": "x, a",
    "W": "h, a",
    "b_in": "a, 1x",
    "b_rec": "a, 1h",
    "V": "y, h",
    "c": "y",
    "x": "t x",
    "y": "t y",
    "s0": "h0: h",
}
model = {"cell": "rnn", "activation": "tanh", "loss": "half-squared-error"}


def example(seed, T=6, n_in=4, n_hidden=5, n_out=3):
    rng = np.random.default_rng(seed)
    shapes = {"U": (n_in, n_hidden), "W": (n_hidden, n_hidden), "b_in": n_hidden, "b_rec": n_hidden}
    shapes |= {"V": (n_out, n_hidden), "c": n_out}
    data = {"x": rng.normal(size=(T, n_in)), "y": rng.normal(size=(T, n_out)), "s0": rng.normal(size=n_hidden)}
    return {name: 0.6 * rng.normal(size=shape) for name, shape in shapes.items()}, data


def step(x, s_prev, params):
    return np.tanh(x @ params["U"] + s_prev @ params["W"] + params["b_in"] + params["b_rec"])


def predict(s, params):
    return params["V"] @ s + params["c"]


def step_backward(grad_s, s):
    return grad_s * (1 - s * s)


def loss_and_grads(params, data):
    x, y = data["x"], data["y"]
    T = len(x)
    s = [data["s0"]]
    o = []
    loss = 0
    for t in range(T):
        s.append(step(x[t], s[t], params))  # s[t + 1] belongs to x[t]
        o.append(predict(s[t + 1], params))
        loss += 0.5 * np.sum((o[t] - y[t]) ** 2)

    U, W, V = params["U"], params["W"], params["V"]
    gU, gW, gV = np.zeros(U.shape), np.zeros(W.shape), np.zeros(V.shape)
    gb, gc = np.zeros(len(W)), np.zeros(len(V))
    gx = np.zeros(x.shape)
    grad_s = np.zeros(len(W))
    for t in range(T - 1, -1, -1):
        err = o[t] - y[t]
        gV += np.outer(err, s[t + 1])
        gc += err
        grad_s = grad_s + V.T @ err
        grad_a = step_backward(grad_s, s[t + 1])
        gU += np.outer(x[t], grad_a)
        gW += np.outer(s[t], grad_a)
        gb += grad_a
        gx[t] = U @ grad_a
        grad_s = W @ grad_a
    return loss, {"U": gU, "W": gW, "b_in": gb, "b_rec": gb.copy(), "V": gV, "c": gc, "x": gx, "s0": grad_s}
