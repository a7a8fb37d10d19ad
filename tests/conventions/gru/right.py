"""A GRU in its first form: the reset gate acts before the recurrent product, and z takes the new state.

Gates z, r and the candidate state n are packed along axis 0 of U (inputs), W (state) and b; row vectors, a list of
steps in and out. The loss is half the squared distance of every state to one target.
"""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def forward(xs, h, U, W, b):
    Uz, Ur, Un = np.split(U, 3)
    Wz, Wr, Wn = np.split(W, 3)
    bz, br, bn = np.split(b, 3)
    hs, cache = [], []
    for x in xs:
        z = sigmoid(x @ Uz.T + h @ Wz.T + bz)
        r = sigmoid(x @ Ur.T + h @ Wr.T + br)
        n = np.tanh(x @ Un.T + (r * h) @ Wn.T + bn)
        cache.append((x, h, z, r, n))
        h = (1 - z) * h + z * n
        hs.append(h)
    return hs, cache


def backward(dhs, cache, U, W, b):
    H = b.size // 3
    Wz, Wr, Wn = np.split(W, 3)
    dU, dW, db = np.zeros_like(U), np.zeros_like(W), np.zeros_like(b)
    dxs = []
    dh_next = np.zeros_like(dhs[0])
    for dh, (x, h, z, r, n) in zip(reversed(dhs), reversed(cache), strict=True):
        dh = dh + dh_next
        dan = dh * z * (1 - n**2)
        drh = dan @ Wn
        dar = drh * h * r * (1 - r)
        daz = dh * (n - h) * z * (1 - z)
        da = np.concatenate([daz, dar, dan], axis=1)
        dU += da.T @ x
        dW[: 2 * H] += da[:, : 2 * H].T @ h
        dW[2 * H :] += dan.T @ (r * h)
        db += da.sum(axis=0)
        dxs.append(da @ U)
        dh_next = dh * (1 - z) + drh * r + daz @ Wz + dar @ Wr
    return {"U": dU, "W": dW, "b": db, "x": dxs[::-1], "h0": dh_next}


def loss_and_grads(params, data):
    hs, cache = forward(data["x"], data["h0"], **params)
    errors = [h - data["target"] for h in hs]
    return sum(0.5 * np.sum(e * e) for e in errors), backward(errors, cache, **params)


def example(seed):
    rng = np.random.default_rng(seed)
    T, B, D, H = 6, 2, 3, 4
    params = {
        "U": rng.normal(size=(3 * H, D)) / 2,
        "W": rng.normal(size=(3 * H, H)) / 2,
        "b": rng.normal(size=3 * H) / 2,
    }
    return params, {
        "x": [rng.normal(size=(B, D)) for _ in range(T)],
        "h0": rng.normal(size=(B, H)) / 2,
        "target": rng.normal(size=(B, H)),
    }
