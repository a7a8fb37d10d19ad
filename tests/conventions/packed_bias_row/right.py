"""A batched LSTM layer with one packed matrix: row 0 is the bias, then the rows of x, then those of h.

Its columns are the gates i, f, o, g. There is no loss: what arrives from above is the gradient of every h.
"""

import numpy as np


def lstm_forward(X, WLSTM, h0, c0):
    n, b, input_size = X.shape
    d = WLSTM.shape[1] // 4
    Hin = np.zeros((n, b, WLSTM.shape[0]))  # [1, x, h] of every step
    Hout = np.zeros((n, b, d))
    IFOG = np.zeros((n, b, 4 * d))
    C = np.zeros((n, b, d))
    Ct = np.zeros((n, b, d))
    for t in range(n):
        Hin[t, :, 0] = 1
        Hin[t, :, 1 : 1 + input_size] = X[t]
        Hin[t, :, 1 + input_size :] = Hout[t - 1] if t > 0 else h0
        IFOG[t] = Hin[t].dot(WLSTM)
        IFOG[t, :, : 3 * d] = 1.0 / (1.0 + np.exp(-IFOG[t, :, : 3 * d]))
        IFOG[t, :, 3 * d :] = np.tanh(IFOG[t, :, 3 * d :])
        before = C[t - 1] if t > 0 else c0
        C[t] = IFOG[t, :, :d] * IFOG[t, :, 3 * d :] + IFOG[t, :, d : 2 * d] * before
        Ct[t] = np.tanh(C[t])
        Hout[t] = IFOG[t, :, 2 * d : 3 * d] * Ct[t]
    return Hout, (Hin, IFOG, C, Ct)


def lstm_backward(dHout_in, cache, WLSTM, c0, input_size):
    Hin, IFOG, C, Ct = cache
    n, b, d = dHout_in.shape
    dHout = dHout_in.copy()
    dWLSTM = np.zeros(WLSTM.shape)
    dX = np.zeros((n, b, input_size))
    dC = np.zeros((n, b, d))
    dc0 = np.zeros((b, d))
    for t in reversed(range(n)):
        i, f, o, g = np.split(IFOG[t], 4, axis=1)
        dC[t] += (1 - Ct[t] ** 2) * o * dHout[t]
        dA = np.zeros((b, 4 * d))
        dA[:, :d] = i * (1 - i) * g * dC[t]
        dA[:, d : 2 * d] = f * (1 - f) * (C[t - 1] if t > 0 else c0) * dC[t]
        dA[:, 2 * d : 3 * d] = o * (1 - o) * Ct[t] * dHout[t]
        dA[:, 3 * d :] = (1 - g**2) * i * dC[t]
        dWLSTM[0] += dA.sum(axis=0)
        dWLSTM[1:] += Hin[t, :, 1:].T.dot(dA)
        dHin = dA.dot(WLSTM.T)
        dX[t] = dHin[:, 1 : 1 + input_size]
        if t > 0:
            dHout[t - 1] += dHin[:, 1 + input_size :]
            dC[t - 1] += f * dC[t]
        else:
            dh0 = dHin[:, 1 + input_size :]
            dc0 += f * dC[t]
    return dX, dWLSTM, dh0, dc0


def loss_and_grads(params, data):
    X, h0, c0, dHout = data["X"], data["h0"], data["c0"], data["dHout"]
    Hout, cache = lstm_forward(X, params["WLSTM"], h0, c0)
    dX, dWLSTM, dh0, dc0 = lstm_backward(dHout, cache, params["WLSTM"], c0, X.shape[2])
    return np.sum(Hout * dHout), {"WLSTM": dWLSTM, "X": dX, "h0": dh0, "c0": dc0}


def example(seed):
    rng = np.random.default_rng(seed)
    n, b, input_size, d = 6, 3, 4, 5
    return {"WLSTM": rng.standard_normal((1 + input_size + d, 4 * d)) / 2}, {
        "X": rng.standard_normal((n, b, input_size)),
        "h0": rng.standard_normal((b, d)) / 2,
        "c0": rng.standard_normal((b, d)) / 2,
        "dHout": rng.standard_normal((n, b, d)),
    }


layout = {
    "WLSTM": "1+x+h, i+f+o+g",
    "X": "t b x",
    "h0": "b h",
    "c0": "b h",
    "dHout": "G: t b h",
}
model = {"cell": "lstm", "loss": "cotangent"}
