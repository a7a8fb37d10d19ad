"""The character LSTM whose loss turns NaN: one window of text, forward and backward, with its faults to choose from.

    g = [x_t ; h_{t-1}]    i, f, o = σ(W.ᵀ g + b.)    c̃ = tanh(Wcᵀ g + bc)
    c_t = f ⊙ c_{t-1} + i ⊙ c̃    h_t = o ⊙ tanh(c_t)    L = −Σ_t ln softmax(Wyᵀ h_t + by)[target_t]

Column vectors; the rows of Wi, Wf, Wo, Wc are those of x, then those of h. ``faults`` are the numbers of the README,
each at the line where it is; without them the program is right.
"""

from numpy import argmax, clip, concatenate, dot, exp, log, sqrt, stack, tanh, zeros, zeros_like
from numpy.random import default_rng
from scipy.special import expit as sigmoid

layout = {
    "Wi": "x+h, i",
    "Wf": "x+h, f",
    "Wo": "x+h, o",
    "Wc": "x+h, g",
    "Wy": "h, y",
    "bi": "i, 1",
    "bf": "f, 1",
    "bo": "o, 1",
    "bc": "g, 1",
    "by": "y, 1",
    "inputs": "x: t",
    "targets": "y: t",
    "h0": "h 1",
    "c0": "h 1",
}
model = {"cell": "lstm", "activation": "tanh", "loss": "softmax-cross-entropy", "reduction": "sum"}
reported_mean = model | {"reduction": "mean"}


def example(seed, characters=11, cells=6, steps=7):
    rng = default_rng(seed)
    n, d = characters, cells
    params = {f"W{gate}": rng.normal(size=(n + d, d)) / sqrt((n + d) / 2) for gate in "ifoc"}
    params |= {f"b{gate}": rng.normal(size=(d, 1)) for gate in "ifoc"}
    params |= {"Wy": rng.normal(size=(d, n)) / sqrt(d / 2), "by": rng.normal(size=(n, 1))}
    text = rng.integers(n, size=steps + 1)
    h0, c0 = rng.normal(size=(2, d, 1)) / 2  # left by the window before
    return params, {"inputs": text[:-1], "targets": text[1:], "h0": h0, "c0": c0}


def one_hot(index, size):
    column = zeros((size, 1))
    column[index] = 1
    return column


def softmax(y, faults):
    e = exp(y) if 7 in faults else exp(y - y[argmax(y)])
    return e / e.sum()


def step(x, c_prev, h_prev, params, faults):
    """One step from the cell state and the hidden state before it, in this order."""
    g = concatenate((x, h_prev))  # n+d 1
    i = sigmoid(dot(params["Wi"].T, g) + params["bi"])  # d 1
    f = sigmoid(dot(params["Wf"].T, g) + params["bf"])  # d 1
    o = sigmoid(dot(params["Wo"].T, g) + params["bo"])  # d 1
    c_ = tanh(dot(params["Wc"].T, g) + params["bc"])  # d 1
    c = f * c_prev + i * c_  # d 1
    h = o * tanh(c)  # d 1
    p = softmax(dot(params["Wy"].T, h) + params["by"], faults)  # n 1
    return h, c, p, (g, i, f, o, c_, c_prev, c, h, p)


def slope_of_gate(gate, faults):
    s = sigmoid(gate) if 1 in faults else gate
    return s * (1 - s)


def slope_of_candidate(c_, faults):
    return 1 - tanh(c_) ** 2 if 2 in faults else 1 - c_**2


def window(params, data, faults=(), trace=None):
    """Loss and gradients of one window, those of the states that it starts from included. ``trace`` keeps h and c."""
    n = len(params["Wi"]) - len(params["bi"])  # characters
    h, c = data["h0"], data["c0"]
    loss, tape = 0, []
    for index, target in zip(data["inputs"], data["targets"], strict=True):
        before = (h, c) if 4 in faults else (c, h)
        h, c, p, kept = step(one_hot(index, n), *before, params, faults)
        loss = loss - log(p[target, 0])
        tape.append(kept)
    if 8 in faults:
        loss = loss / len(tape)

    grads = {name: zeros_like(array) for name, array in params.items()}
    dh_next, dc_next = data.get("dh_next", zeros_like(h)), data.get("dc_next", zeros_like(c))  # d 1 each
    for target, (g, i, f, o, c_, c_prev, c, h, p) in zip(data["targets"][::-1], tape[::-1], strict=True):
        dy = p.copy()  # n 1
        dy[target] -= 1
        dh = dot(params["Wy"], dy) + dh_next  # d 1
        if 9 in faults:
            dh = clip(dh, -6, 6)
        dc = dh * o * (1 - tanh(c) ** 2) + dc_next  # d 1
        if 9 in faults:
            dc = clip(dc, -6, 6)
        da = {
            "i": dc * c_ * slope_of_gate(i, faults),
            "f": dc * c_prev * slope_of_gate(f, faults),
            "o": dh * tanh(c) * slope_of_gate(o, faults),
            "c": dc * i * slope_of_candidate(c_, faults),
        }
        grads["Wy"] += dot(h, dy.T)
        grads["by"] += dy
        dg = 0
        for gate in "ifoc":
            summed = dc if 3 in faults and gate == "c" else da[gate]
            grads[f"W{gate}"] += dot(g, summed.T)
            grads[f"b{gate}"] += summed
            dg = dg + dot(params[f"W{gate}"], da[gate])  # n+d 1
        dh_next, dc_next = dg[n:], dc * f
    if trace is not None:
        trace |= {"h": stack([kept[-2] for kept in tape]), "c": stack([kept[-3] for kept in tape])}  # T d 1 each
    return loss, grads | {"h0": dh_next, "c0": dc_next}
