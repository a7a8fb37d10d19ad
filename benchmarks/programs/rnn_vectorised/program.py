"""A recurrent language model over a batch, time first: one matrix for [x, h], a bias, a softmax over the vocabulary.

h_t = tanh([x_t, h_{t-1}] W + b)    z_t = h_t P + q    L = −mean over steps and sequences of ln softmax(z)[label]
"""

import numpy as np

layout = {
    "W": "x+h, a",  # (D+H, H)
    "b": "a",
    "P": "h, y",  # (H, V)
    "q": "y",
    "X": "x: t b x",
    "labels": "y: t b",
    "h_init": "h0: b h",
}
model = {"cell": "rnn", "activation": "tanh", "loss": "softmax-cross-entropy", "reduction": "mean"}


def example(seed, T=7, B=3, D=4, H=5, V=6):
    rng = np.random.default_rng(seed)
    params = {
        "W": rng.normal(size=(D + H, H)),
        "b": rng.normal(size=H),
        "P": rng.normal(size=(H, V)),
        "q": rng.normal(size=V),
    }
    return params, {
        "X": rng.normal(size=(T, B, D)),
        "labels": rng.integers(V, size=(T, B)),
        "h_init": rng.normal(size=(B, H)),
    }


def forward(W, b, P, q, X, h_init):
    T, B, D = X.shape
    H = len(b)
    XH = np.empty((T + 1, B, D + H))  # the input and the state before it; the last has no input
    XH[:T, :, :D] = X
    XH[0, :, D:] = h_init
    for t in range(T):
        XH[t + 1, :, D:] = np.tanh(XH[t] @ W + b)
    hidden = XH[1:, :, D:]  # T B H
    scores = np.einsum("tbh,hv->tbv", hidden, P) + q
    scores -= scores.max(axis=2, keepdims=True)
    probs = np.exp(scores)
    probs /= probs.sum(axis=2, keepdims=True)
    return XH[:T], hidden, probs


def backward(W, P, XH, hidden, probs, labels):
    T, B, H = hidden.shape
    D = XH.shape[2] - H
    d_scores = probs.copy()
    d_scores[np.arange(T)[:, None], np.arange(B), labels] -= 1
    d_scores /= T * B
    d_P = np.einsum("tbh,tbv->hv", hidden, d_scores)
    d_q = np.einsum("tbv->v", d_scores)
    d_hidden = np.einsum("tbv,hv->tbh", d_scores, P)
    slope = 1 - np.square(hidden)
    d_act = np.empty_like(hidden)
    carry = np.zeros((B, H))
    for t in reversed(range(T)):
        d_act[t] = (d_hidden[t] + carry) * slope[t]
        carry = np.einsum("bj,hj->bh", d_act[t], W[D:])
    d_W = np.einsum("tbi,tbj->ij", XH, d_act)
    d_b = d_act.sum(axis=(0, 1))
    d_X = d_act @ W[:D].T
    return {"W": d_W, "b": d_b, "P": d_P, "q": d_q, "X": d_X, "h_init": carry}


def loss_and_grads(params, data):
    labels = data["labels"]
    XH, hidden, probs = forward(**params, X=data["X"], h_init=data["h_init"])
    picked = np.take_along_axis(probs, labels[..., None], axis=2)
    return -np.log(picked).mean(), backward(params["W"], params["P"], XH, hidden, probs, labels)
