"""A whole layer at once: batch first, gates side by side in one matrix, and all that can be outside of the loop is.

a_t = x_t Wx + h_{t-1} Wh + b, split into i, f, o, g    i, f, o = σ(a.)    g = tanh(a_g)
c_t = f ⊙ c_{t-1} + i ⊙ g    h_t = o ⊙ tanh(c_t)    L = Σ dout ⊙ h + Σ dh_last ⊙ h_T + Σ dc_last ⊙ c_T
"""

import numpy as np

layout = {
    "Wx": "x, i+f+o+g",  # (D, 4*H)
    "Wh": "h, i+f+o+g",  # (H, 4*H)
    "b": "i+f+o+g",  # (4*H,)
    "x": "b t x",  # (N, T, D)
    "h0": "b h",
    "c0": "b h",
    "dout": "G: b t h",  # (N, T, H)
    "dh_last": "G_h: b h",
    "dc_last": "G_c: b h",
}
model = {"cell": "lstm", "loss": "cotangent"}


def example(seed, N=3, T=7, D=4, H=5):
    rng = np.random.default_rng(seed)
    params = {"Wx": rng.normal(size=(D, 4 * H)), "Wh": rng.normal(size=(H, 4 * H)), "b": rng.normal(size=4 * H)}
    shapes = {"x": (N, T, D), "dout": (N, T, H)} | dict.fromkeys(("h0", "c0", "dh_last", "dc_last"), (N, H))
    return params, {name: rng.normal(size=shape) for name, shape in shapes.items()}


def lstm_forward(x, h0, c0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    gates = (x.reshape(N * T, D) @ Wx + b).reshape(N, T, 4, H)
    h, c = np.empty((N, T + 1, H)), np.empty((N, T + 1, H))
    h[:, 0], c[:, 0] = h0, c0
    for t in range(T):
        a = gates[:, t] + (h[:, t] @ Wh).reshape(N, 4, H)  # N 4 H
        gates[:, t, :3] = 1 / (1 + np.exp(-a[:, :3]))
        gates[:, t, 3] = np.tanh(a[:, 3])
        i, f, o, g = np.moveaxis(gates[:, t], 1, 0)  # N H each
        c[:, t + 1] = f * c[:, t] + i * g
        h[:, t + 1] = o * np.tanh(c[:, t + 1])
    return h, c, gates


def lstm_backward(dout, dh_last, dc_last, cache):
    x, h, c, gates, Wx, Wh = cache
    N, T, D = x.shape
    H = Wh.shape[0]
    i, f, o, g = np.moveaxis(gates, 2, 0)  # N T H each
    tanh_c = np.tanh(c[:, 1:])  # N T H
    # what does not depend on the step after
    slope_i, slope_f, slope_o = i * (1 - i), f * (1 - f), o * (1 - o)  # N T H each
    slope_g = 1 - g**2
    h_to_c = o * (1 - tanh_c**2)

    da = np.zeros((N, T, 4, H))
    delta_h, delta_c = dh_last, dc_last  # N H each
    for t in range(T - 1, -1, -1):
        delta_h = dout[:, t] + delta_h
        delta_c = delta_c + delta_h * h_to_c[:, t]
        da[:, t, 0] = delta_c * g[:, t] * slope_i[:, t]
        da[:, t, 1] = delta_c * c[:, t] * slope_f[:, t]
        da[:, t, 2] = delta_h * tanh_c[:, t] * slope_o[:, t]
        da[:, t, 3] = delta_c * i[:, t] * slope_g[:, t]
        delta_c = delta_c * f[:, t]
        delta_h = da[:, t].reshape(N, 4 * H) @ Wh.T

    da = da.reshape(N * T, 4 * H)
    dx = (da @ Wx.T).reshape(N, T, D)
    dWx = x.reshape(N * T, D).T @ da
    dWh = h[:, :-1].reshape(N * T, H).T @ da
    db = da.sum(axis=0)
    return {"x": dx, "h0": delta_h, "c0": delta_c, "Wx": dWx, "Wh": dWh, "b": db}


def loss_and_grads(params, data):
    h, c, gates = lstm_forward(data["x"], data["h0"], data["c0"], **params)
    loss = np.sum(data["dout"] * h[:, 1:]) + np.sum(data["dh_last"] * h[:, -1]) + np.sum(data["dc_last"] * c[:, -1])
    cache = data["x"], h, c, gates, params["Wx"], params["Wh"]
    return loss, lstm_backward(data["dout"], data["dh_last"], data["dc_last"], cache)
