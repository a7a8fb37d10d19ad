"""A recurrent regression without a loop: every function returns its value and a pullback, and `reduce` walks the steps.

h_t = σ(x_t Wx + h_{t-1} Wh + b)    z_t = h_t Wo + bo    L = Σ (z − y)² / T
"""

from functools import reduce

import numpy as np

layout = {
    "Wx": "x, a",
    "Wh": "h, a",
    "b": "a",
    "Wo": "h, y",
    "bo": "y",
    "x": "t b x",
    "y": "t b y",
    "h0": "b h",
}
model = {"cell": "rnn", "activation": "sigmoid", "loss": "squared-error", "reduction": "mean-t"}


def example(seed, T=6, B=3, D=4, H=5, K=2):
    rng = np.random.default_rng(seed)
    params = {"Wx": (D, H), "Wh": (H, H), "b": (H,), "Wo": (H, K), "bo": (K,)}
    data = {"x": (T, B, D), "y": (T, B, K), "h0": (B, H)}
    return tuple({name: rng.normal(size=shape) for name, shape in group.items()} for group in (params, data))


def linear(W, v):
    """Gives v W; back come the cotangents of v and of W."""

    def pullback(d):
        return d @ W.T, v.T @ d

    return v @ W, pullback


def sigmoid(a):
    s = 1 / (1 + np.exp(-a))
    return s, lambda d_s: d_s * s * (1 - s)


def step(params, h, x):
    from_x, back_x = linear(params["Wx"], x)
    from_h, back_h = linear(params["Wh"], h)
    out, back_out = sigmoid(from_x + from_h + params["b"])

    def pullback(d_out):
        d_a = back_out(d_out)
        d_x, d_Wx = back_x(d_a)
        d_h, d_Wh = back_h(d_a)
        return d_h, d_x, {"Wx": d_Wx, "Wh": d_Wh, "b": d_a.sum(axis=0)}

    return out, pullback


def score(params, h, y):
    z, back_z = linear(params["Wo"], h)
    error = z + params["bo"] - y

    def pullback(d_loss):
        d_z = 2 * d_loss * error
        d_h, d_Wo = back_z(d_z)
        return d_h, {"Wo": d_Wo, "bo": d_z.sum(axis=0)}

    return np.sum(error**2), pullback


def unroll(params, data):
    def ahead(done, now):
        h, loss, tape = done
        x, y = now
        h, back_step = step(params, h, x)
        loss_t, back_score = score(params, h, y)
        return h, loss + loss_t, [*tape, (back_step, back_score)]

    _, loss, tape = reduce(ahead, zip(data["x"], data["y"], strict=True), (data["h0"], 0.0, []))

    def pullback(d_loss):
        def back(done, now):
            d_h, d_x, total = done
            back_step, back_score = now
            d_out, shares = back_score(d_loss)
            d_h, d_x_t, more = back_step(d_out + d_h)
            shares = {**shares, **more}
            return d_h, [d_x_t, *d_x], {name: total[name] + shares[name] for name in total}

        nothing = {name: np.zeros_like(value) for name, value in params.items()}
        return reduce(back, reversed(tape), (np.zeros_like(data["h0"]), [], nothing))

    return loss, pullback


def loss_and_grads(params, data):
    T = len(data["x"])
    loss, pullback = unroll(params, data)
    d_h0, d_x, grads = pullback(1 / T)
    return loss / T, {**grads, "x": np.stack(d_x), "h0": d_h0}
