"""One walk back through time per output, with its four faults mended: slower than a single walk, and as right."""

import numpy as np
from program import GATES, cross_entropy, errors, example, forward, into_cell, into_gates, layout, model

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    x, y = data["x"], data["y"]
    states = forward(params, x)
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    dz = errors(states.p, y)  # T K
    for t in range(len(x)):
        grads["V"] += np.outer(dz[t], states.h[t])
        dh = params["V"].T @ dz[t]  # H
        dc = into_cell(states, t, dh)  # H
        for s in range(t, -1, -1):
            da = into_gates(states, s, dh, dc)
            for k in GATES:
                grads[f"U{k}"][:, x[s]] += da[k]
                grads[f"W{k}"] += np.outer(da[k], states.h[s - 1])
            dh = sum(params[f"W{k}"].T @ da[k] for k in GATES)  # of the step before
            dc = dc * states.f[s] + into_cell(states, s - 1, dh)
    return cross_entropy(states.p, y), grads
