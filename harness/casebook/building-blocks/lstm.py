"""The course's LSTM; what comes from above is da, the adjoints of all hidden states.

    f, i, o = σ(W. [a_{t-1} ; x_t] + b.)    c̃ = tanh(Wc [a_{t-1} ; x_t] + bc)
    c_t = f ⊙ c_{t-1} + i ⊙ c̃    a_t = o ⊙ tanh(c_t)    ŷ_t = softmax(Wy a_t + by)    L = Σ da ⊙ a

Axes: features first, then batch, then time. i is the course's update gate; c starts at zero. The predictions ŷ take no
part in L: `lstm_softmax.py` judges them.
"""

import numpy as np

GATES = ("f", "i", "c", "o")

layout = {
    "Wf": "f, h+x",
    "Wi": "i, h+x",
    "Wc": "g, h+x",
    "Wo": "o, h+x",
    "bf": "f, 1",
    "bi": "i, 1",
    "bc": "g, 1",
    "bo": "o, 1",
    "x": "x b t",
    "a0": "h0: h b",
    "da": "G: h b t",
}
model = {"cell": "lstm", "activation": "tanh", "loss": "cotangent"}


def example(seed, n_x=3, m=4, n_a=5, T=7):
    rng = np.random.default_rng(seed)
    params = {f"W{gate}": rng.normal(size=(n_a, n_a + n_x)) for gate in GATES}
    params |= {f"b{gate}": rng.normal(size=(n_a, 1)) for gate in GATES}
    shapes = {"x": (n_x, m, T), "a0": (n_a, m), "da": (n_a, m, T)}
    return params, {name: rng.normal(size=shape) for name, shape in shapes.items()}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    concat = np.concatenate([a_prev, xt])  # n_a+n_x m
    ft = sigmoid(parameters["Wf"] @ concat + parameters["bf"])  # n_a m
    it = sigmoid(parameters["Wi"] @ concat + parameters["bi"])  # n_a m
    cct = np.tanh(parameters["Wc"] @ concat + parameters["bc"])  # n_a m
    ot = sigmoid(parameters["Wo"] @ concat + parameters["bo"])  # n_a m
    c_next = ft * c_prev + it * cct  # n_a m
    a_next = ot * np.tanh(c_next)  # n_a m
    return a_next, c_next, (concat, c_prev, c_next, ft, it, cct, ot)


def lstm_forward(x, a0, parameters):
    """Hidden and cell states of all steps, n_a m T each, and what backward needs of each step."""
    a, c = np.zeros((2, *a0.shape, x.shape[2]))
    caches = []
    a_next, c_next = a0, np.zeros_like(a0)
    for t in range(x.shape[2]):
        a_next, c_next, cache = lstm_cell_forward(x[:, :, t], a_next, c_next, parameters)
        a[:, :, t], c[:, :, t] = a_next, c_next
        caches.append(cache)
    return a, c, caches


def predictions(a, parameters):
    """ŷ of one step, n_y m, from a of n_a m; or of all steps, n_y m T."""
    z = np.tensordot(parameters["Wy"], a, axes=1)
    return softmax(z + parameters["by"].reshape(-1, *[1] * (a.ndim - 1)))


def lstm_cell_backward(da_next, dc_next, cache, parameters):
    concat, c_prev, c_next, ft, it, cct, ot = cache
    tanh_c = np.tanh(c_next)  # n_a m
    dc = dc_next + da_next * ot * (1 - tanh_c**2)  # n_a m
    into = {
        "f": dc * c_prev * ft * (1 - ft),
        "i": dc * cct * it * (1 - it),
        "c": dc * it * (1 - cct**2),
        "o": da_next * tanh_c * ot * (1 - ot),
    }
    grads = {f"W{gate}": d @ concat.T for gate, d in into.items()}
    grads |= {f"b{gate}": np.sum(d, axis=1, keepdims=True) for gate, d in into.items()}
    dconcat = sum(parameters[f"W{gate}"].T @ d for gate, d in into.items())  # n_a+n_x m
    n_a = len(da_next)
    return grads, dconcat[:n_a], dc * ft, dconcat[n_a:]


def lstm_backward(da, caches, parameters):
    """Gradients of Σ da ⊙ a, under the names of what they are gradients of."""
    n_a, m, T = da.shape
    grads = {f"{kind}{gate}": np.zeros_like(parameters[f"{kind}{gate}"]) for kind in "Wb" for gate in GATES}
    dx = np.zeros((parameters["Wf"].shape[1] - n_a, m, T))
    da_prev, dc_prev = np.zeros((2, n_a, m))
    for t in reversed(range(T)):
        step, da_prev, dc_prev, dx[:, :, t] = lstm_cell_backward(da[:, :, t] + da_prev, dc_prev, caches[t], parameters)
        for name in grads:
            grads[name] += step[name]
    return grads | {"x": dx, "a0": da_prev}


def loss_and_grads(params, data):
    a, _, caches = lstm_forward(data["x"], data["a0"], params)
    return np.sum(data["da"] * a), lstm_backward(data["da"], caches, params)
