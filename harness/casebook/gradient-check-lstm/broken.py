"""The backward pass that does not pass: one walk back through time per output, with four faults in it.

1. The walk of output t starts at step t − 1, so that the gates of step t itself never receive anything.
2. The cell's adjoint is added to itself times f, dc += dc ⊙ f, where it must be replaced by dc ⊙ f.
3. It starts from step 0's output gate and cell, whichever output the walk belongs to.
4. dW adds the inner product of da and h, one number, to all entries, where it must add their outer product.
"""

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
        dc = into_cell(states, 0, dh)  # H
        for s in range(t - 1, -1, -1):
            da = into_gates(states, s, dh, dc)
            for k in GATES:
                grads[f"U{k}"][:, x[s]] += da[k]
                grads[f"W{k}"] += np.dot(da[k], states.h[s - 1])
            dh = sum(params[f"W{k}"].T @ da[k] for k in GATES)  # of the step before
            dc += dc * states.f[s]
            dc += into_cell(states, s - 1, dh)
    return cross_entropy(states.p, y), grads
