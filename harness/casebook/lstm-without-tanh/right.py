"""A two-hundred-line LSTM: no tanh on the cell's output, and the first hidden unit is the prediction.

    g = tanh(wg xc + bg)    i, f, o = σ(w. xc + b.)    s_t = g ⊙ i + s_{t-1} ⊙ f    h_t = s_t ⊙ o
    L = Σ_t (h_t[0] − y_t)²

xc is x_t stacked on h_{t-1}; h and s start at zero. Its initialiser starts the generator anew for every array, so all
four gates begin with identical weights: on those a swap of two gates would go unseen.
"""

import numpy as np

layout = {
    "wg": "g, x+h",
    "wi": "i, x+h",
    "wf": "f, x+h",
    "wo": "o, x+h",
    "bg": "g",
    "bi": "i",
    "bf": "f",
    "bo": "o",
    "x": "[t] x",
    "y": "[t]",
}
model = {"cell": "lstm", "activation": "identity", "loss": "first-unit-squared-error", "reduction": "sum"}


def rand_arr(a, b, *shape):
    """Uniform in [a, b): from the same seed at every call."""
    return np.random.RandomState(0).rand(*shape) * (b - a) + a


def initial(hidden, inputs):
    """The published initial weights, all gates alike."""
    weights = {f"w{gate}": rand_arr(-0.1, 0.1, hidden, inputs + hidden) for gate in "gifo"}
    return weights | {f"b{gate}": rand_arr(-0.1, 0.1, hidden) for gate in "gifo"}


def example(seed, hidden=6, inputs=4):
    rng = np.random.default_rng(seed)
    targets = [-0.5, 0.2, 0.1, -0.5]
    return initial(hidden, inputs), {"x": [rng.random(inputs) for _ in targets], "y": targets}


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def no_squash(s):
    return s


def no_squash_slope(s):
    return np.ones_like(s)


def run(params, data, squash, squash_slope):
    """Loss and gradients, with h_t = squash(s_t) ⊙ o."""
    H = len(params["bg"])
    D = params["wg"].shape[1] - H
    h, s = np.zeros(H), np.zeros(H)
    loss = 0
    cells = []
    for x, y in zip(data["x"], data["y"], strict=True):
        xc = np.hstack([x, h])  # D+H
        g = np.tanh(params["wg"] @ xc + params["bg"])  # H
        i = sigmoid(params["wi"] @ xc + params["bi"])  # H
        f = sigmoid(params["wf"] @ xc + params["bf"])  # H
        o = sigmoid(params["wo"] @ xc + params["bo"])  # H
        s_prev, s = s, g * i + s * f  # H each
        h = squash(s) * o  # H
        loss = loss + (h[0] - y) ** 2
        cells.append((xc, g, i, f, o, s_prev, s, h[0] - y))

    diffs = {name: np.zeros_like(array) for name, array in params.items()}
    diff_h, diff_s = np.zeros(H), np.zeros(H)  # from the step after
    for xc, g, i, f, o, s_prev, s, miss in reversed(cells):
        top = np.zeros(H)
        top[0] = 2 * miss
        dh = top + diff_h  # H
        ds = o * squash_slope(s) * dh + diff_s  # H
        into = {
            "g": (1 - g**2) * i * ds,
            "i": i * (1 - i) * g * ds,
            "f": f * (1 - f) * s_prev * ds,
            "o": o * (1 - o) * squash(s) * dh,
        }
        dxc = np.zeros(D + H)
        for gate, da in into.items():
            diffs[f"w{gate}"] += np.outer(da, xc)
            diffs[f"b{gate}"] += da
            dxc += params[f"w{gate}"].T @ da
        diff_h, diff_s = dxc[D:], ds * f
    return loss, diffs


def loss_and_grads(params, data):
    return run(params, data, no_squash, no_squash_slope)
