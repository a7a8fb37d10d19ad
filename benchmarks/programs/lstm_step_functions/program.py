"""A tagger in step functions: what they save lies in one flat dict, the batch comes last, gates are stacked by units.

a_t = W [x_t; h_{t-1}; 1], whose rows are o, i, f, g of unit 0, then of unit 1 …    o, i, f = σ(a.)    g = tanh(a_g)
c_t = i ⊙ g + f ⊙ c_{t-1}    h_t = o ⊙ tanh(c_t)    z_t = V h_t + v    L = Σ (ln(1 + e^z) − y z) / B
"""

import numpy as np

layout = {
    "W": "[o i f g], x+h+1",  # (4*H, D+H+1)
    "V": "y, h",
    "v": "y, 1",  # (K, 1)
    "x": "t x b",
    "y": "t y b",
    "h0": "h b",
    "c0": "h b",
}
model = {"cell": "lstm", "loss": "binary-cross-entropy", "reduction": "mean-b"}


def example(seed, T=6, B=3, D=4, H=5, K=2):
    rng = np.random.default_rng(seed)
    params = {"W": (4 * H, D + H + 1), "V": (K, H), "v": (K, 1)}
    data = {"x": (T, D, B), "h0": (H, B), "c0": (H, B)}
    params, data = ({k: rng.normal(size=shape) * 0.7 for k, shape in group.items()} for group in (params, data))
    return params, {**data, "y": rng.uniform(size=(T, K, B))}


def _sig(a):
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def _fwd_step(W, x, h, c):
    xh1 = np.concatenate([x, h, np.ones_like(h[:1])])  # D+H+1 B
    a = (W @ xh1).reshape(len(h), 4, -1)  # H 4 B
    o, i, f = (_sig(a[:, k]) for k in range(3))  # H B each
    g = np.tanh(a[:, 3])
    c_new = i * g + f * c
    tc = np.tanh(c_new)
    return o * tc, c_new, (xh1, o, i, f, g, c, tc)


def _bwd_step(W, dh, dc, saved):
    xh1, o, i, f, g, c, tc = saved
    H, D = len(c), len(xh1) - len(c) - 1
    dc = dc + dh * o * (1 - tc * tc)
    da_o = dh * tc * (o - o * o)
    da_i = dc * g * (i - i * i)
    da_f = dc * c * (f - f * f)
    da_g = dc * i * (1 - g * g)
    da = np.stack([da_o, da_i, da_f, da_g], axis=1).reshape(4 * H, -1)  # 4H B
    dxh1 = W.T @ da
    dx, dh = dxh1[:D], dxh1[D : D + H]
    return dh, dc * f, dx, da @ xh1.T


def _fwd_readout(V, v, h, y):
    z = V @ h + v  # K B
    return np.sum(np.log1p(np.exp(-z)) + (1 - y) * z), (_sig(z), y, h)


def _bwd_readout(V, saved):
    p, y, h = saved
    dz = (p - y) / y.shape[1]
    return V.T @ dz, dz @ h.T, dz.sum(axis=1, keepdims=True)


def _add(grads, **new):
    for name, value in new.items():
        grads[name] = grads[name] + value


def forward(params, data):
    st = {"h": data["h0"], "c": data["c0"], "loss": 0.0}
    for t, (x, y) in enumerate(zip(data["x"], data["y"], strict=True)):
        st["h"], st["c"], st["cell", t] = _fwd_step(params["W"], x, st["h"], st["c"])
        loss, st["readout", t] = _fwd_readout(params["V"], params["v"], st["h"], y)
        st["loss"] = st["loss"] + loss / y.shape[1]
    return st


def backward(params, st, T):
    grads = {"W": 0.0, "V": 0.0, "v": 0.0}
    dh = dc = 0.0
    dxs = {}
    for t in range(T - 1, -1, -1):
        dout, dV, dv = _bwd_readout(params["V"], st["readout", t])
        dh, dc, dxs[t], dW = _bwd_step(params["W"], dout + dh, dc, st["cell", t])
        _add(grads, W=dW, V=dV, v=dv)
    return grads | {"x": np.stack([dxs[t] for t in range(T)]), "h0": dh, "c0": dc}


def loss_and_grads(params, data):
    st = forward(params, data)
    return st["loss"], backward(params, st, len(data["x"]))
