"""The course's LSTM with its predictions: L = −Σ ln ŷ[target], over all steps and examples."""

import numpy as np
from lstm import example as states_only
from lstm import layout as below
from lstm import lstm_backward, lstm_forward, predictions

layout = {name: text for name, text in below.items() if name != "da"} | {"Wy": "y, h", "by": "y, 1", "y": "b t"}
model = {"cell": "lstm", "activation": "tanh", "loss": "softmax-cross-entropy", "reduction": "sum"}


def example(seed, n_y=6):
    params, data = states_only(seed)
    n_a, m, T = data.pop("da").shape
    rng = np.random.default_rng([seed, n_y])
    params |= {"Wy": rng.normal(size=(n_y, n_a)), "by": rng.normal(size=(n_y, 1))}
    return params, data | {"y": rng.integers(n_y, size=(m, T))}


def loss_and_grads(params, data):
    a, _, caches = lstm_forward(data["x"], data["a0"], params)
    y_pred = predictions(a, params)  # n_y m T
    i, t = np.indices(data["y"].shape)  # m T each: examples and steps
    loss = -np.sum(np.log(y_pred[data["y"], i, t]))
    dz = y_pred.copy()  # n_y m T
    dz[data["y"], i, t] -= 1
    da = np.tensordot(params["Wy"].T, dz, axes=1)  # n_a m T
    readout = {"Wy": np.einsum("kmt,amt->ka", dz, a), "by": np.sum(dz, axis=(1, 2))[:, np.newaxis]}
    return loss, lstm_backward(da, caches, params) | readout
