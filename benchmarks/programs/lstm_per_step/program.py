"""A character model in plain loops: one sequence, column vectors, and for each gate a matrix over [h; x].

f, i, o = σ(W. [h_{t-1}; x_t] + b.)    C̄ = tanh(Wc [h_{t-1}; x_t] + bc)
C_t = f ⊙ C_{t-1} + i ⊙ C̄    h_t = o ⊙ tanh(C_t)    p_t = softmax(Wy h_t + by)    L = −Σ ln p_t[target]
"""

import numpy as np

layout = {
    "Wf": "f, h+x",
    "Wi": "i, h+x",
    "Wc": "g, h+x",
    "Wo": "o, h+x",
    "bf": "f, 1",
    "bi": "i, 1",
    "bc": "g, 1",
    "bo": "o, 1",
    "Wy": "y, h",
    "by": "y, 1",
    "inputs": "[t] x 1",
    "targets": "y: t",
    "hprev": "h0: h 1",
    "Cprev": "c0: h 1",
}
model = {"cell": "lstm", "loss": "softmax-cross-entropy"}


def example(seed, T=6, D=4, H=5, K=7):
    rng = np.random.default_rng(seed)
    params = {"W" + k: rng.normal(size=(H, H + D)) * 0.5 for k in "fico"}
    params |= {"b" + k: rng.normal(size=(H, 1)) * 0.5 for k in "fico"}
    params |= {"Wy": rng.normal(size=(K, H)) * 0.5, "by": rng.normal(size=(K, 1)) * 0.5}
    data = {"inputs": [rng.normal(size=(D, 1)) for _ in range(T)], "targets": rng.integers(K, size=T)}
    return params, data | {"hprev": rng.normal(size=(H, 1)), "Cprev": rng.normal(size=(H, 1))}


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def loss_and_grads(params, data):
    p = params
    inputs, targets = data["inputs"], data["targets"]
    H = data["hprev"].shape[0]
    zs, fs, is_, Cbars, os_ = {}, {}, {}, {}, {}
    hs, Cs, ps = {-1: np.copy(data["hprev"])}, {-1: np.copy(data["Cprev"])}, {}
    loss = 0.0
    for t in range(len(inputs)):
        zs[t] = np.vstack((hs[t - 1], inputs[t]))  # H+D 1
        fs[t] = sigmoid(np.dot(p["Wf"], zs[t]) + p["bf"])  # H 1
        is_[t] = sigmoid(np.dot(p["Wi"], zs[t]) + p["bi"])
        Cbars[t] = np.tanh(np.dot(p["Wc"], zs[t]) + p["bc"])
        os_[t] = sigmoid(np.dot(p["Wo"], zs[t]) + p["bo"])
        Cs[t] = fs[t] * Cs[t - 1] + is_[t] * Cbars[t]
        hs[t] = os_[t] * np.tanh(Cs[t])
        y = np.dot(p["Wy"], hs[t]) + p["by"]  # K 1
        ps[t] = np.exp(y - np.max(y)) / np.sum(np.exp(y - np.max(y)))
        loss += -np.log(ps[t][targets[t], 0])

    grads = {name: np.zeros_like(value) for name, value in p.items()}
    dhnext = np.zeros_like(hs[0])
    dCnext = np.zeros_like(Cs[0])
    for t in reversed(range(len(inputs))):
        # output
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["Wy"] += np.dot(dy, hs[t].T)
        grads["by"] += dy
        dh = np.dot(p["Wy"].T, dy)
        dh += dhnext
        # output gate
        do = dh * np.tanh(Cs[t])
        do_raw = do * os_[t] * (1 - os_[t])
        grads["Wo"] += np.dot(do_raw, zs[t].T)
        grads["bo"] += do_raw
        # cell state
        dC = np.copy(dCnext)
        dC += dh * os_[t] * (1 - np.tanh(Cs[t]) ** 2)
        # candidate
        dCbar = dC * is_[t]
        dCbar_raw = dCbar * (1 - Cbars[t] ** 2)
        grads["Wc"] += np.dot(dCbar_raw, zs[t].T)
        grads["bc"] += dCbar_raw
        # input gate
        di = dC * Cbars[t]
        di_raw = di * is_[t] * (1 - is_[t])
        grads["Wi"] += np.dot(di_raw, zs[t].T)
        grads["bi"] += di_raw
        # forget gate
        df = dC * Cs[t - 1]
        df_raw = df * fs[t] * (1 - fs[t])
        grads["Wf"] += np.dot(df_raw, zs[t].T)
        grads["bf"] += df_raw
        # the step before
        dz = np.dot(p["Wf"].T, df_raw)
        dz += np.dot(p["Wi"].T, di_raw)
        dz += np.dot(p["Wc"].T, dCbar_raw)
        dz += np.dot(p["Wo"].T, do_raw)
        dhnext = dz[:H]
        dCnext = dC * fs[t]
    grads["hprev"] = dhnext
    grads["Cprev"] = dCnext
    return loss, grads
