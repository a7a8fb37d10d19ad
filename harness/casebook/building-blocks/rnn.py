"""A course's recurrent network, built step by step; what comes from above is da, the adjoints of all hidden states.

    a_t = tanh(Waa a_{t-1} + Wax x_t + ba)    ŷ_t = softmax(Wya a_t + by)    L = Σ da ⊙ a

Axes: features first, then batch, then time. The predictions ŷ take no part in L: `rnn_softmax.py` judges them.
"""

import numpy as np

layout = {"Wax": "a, x", "Waa": "a, h", "ba": "a, 1", "x": "x b t", "a0": "h0: h b", "da": "G: h b t"}
model = {"cell": "rnn", "activation": "tanh", "loss": "cotangent"}


def example(seed, n_x=3, m=4, n_a=5, T=7):
    rng = np.random.default_rng(seed)
    params = {"Wax": rng.normal(size=(n_a, n_x)), "Waa": rng.normal(size=(n_a, n_a)), "ba": rng.normal(size=(n_a, 1))}
    shapes = {"x": (n_x, m, T), "a0": (n_a, m), "da": (n_a, m, T)}
    return params, {name: rng.normal(size=shape) for name, shape in shapes.items()}


def softmax(z):
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Waa"] @ a_prev + parameters["Wax"] @ xt + parameters["ba"])  # n_a m
    return a_next, (a_next, a_prev, xt)


def rnn_forward(x, a0, parameters):
    """The hidden states of all steps, n_a m T, and what backward needs of each step."""
    a, caches = np.zeros((*a0.shape, x.shape[2])), []
    a_next = a0
    for t in range(x.shape[2]):
        a_next, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        caches.append(cache)
    return a, caches


def predictions(a, parameters):
    """ŷ of one step, n_y m, from a of n_a m; or of all steps, n_y m T."""
    z = np.tensordot(parameters["Wya"], a, axes=1)
    return softmax(z + parameters["by"].reshape(-1, *[1] * (a.ndim - 1)))


def rnn_cell_backward(da_next, cache, parameters):
    a_next, a_prev, xt = cache
    dtanh = (1 - a_next**2) * da_next  # n_a m
    return {
        "dxt": parameters["Wax"].T @ dtanh,
        "da_prev": parameters["Waa"].T @ dtanh,
        "dWax": dtanh @ xt.T,
        "dWaa": dtanh @ a_prev.T,
        "dba": np.sum(dtanh, axis=1, keepdims=True),
    }


def rnn_backward(da, caches, parameters):
    """Gradients of Σ da ⊙ a, under the names of what they are gradients of."""
    m, T = da.shape[1:]
    grads = {name: np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "ba")}
    dx = np.zeros((parameters["Wax"].shape[1], m, T))
    da_prev = np.zeros_like(da[:, :, 0])  # n_a m
    for t in reversed(range(T)):
        step = rnn_cell_backward(da[:, :, t] + da_prev, caches[t], parameters)
        da_prev, dx[:, :, t] = step["da_prev"], step["dxt"]
        for name in grads:
            grads[name] += step[f"d{name}"]
    return grads | {"x": dx, "a0": da_prev}


def loss_and_grads(params, data):
    a, caches = rnn_forward(data["x"], data["a0"], params)
    return np.sum(data["da"] * a), rnn_backward(data["da"], caches, params)
