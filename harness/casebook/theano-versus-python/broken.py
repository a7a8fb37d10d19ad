"""An RNN in plain Python that has Theano's outputs, on Theano's weights, and not Theano's gradients.

    h_t = tanh(x_t Wxh + h_{t-1} Whh + bhh)    o_t = h_t Who + bho    L = ½ Σ_t Σ_k (o_tk − y_tk)²

Rows are time steps, h_{-1} is zero, one sequence. The fault: the recurrent term of step t reads da[t], its own adjoint,
which is still zero when it is read, where it must read da[t + 1]. So nothing ever flows back through time.
"""

import numpy as np

layout = {
    "Wxh": "x, a",
    "Whh": "h, a",
    "Who": "h, y",
    "bhh": "1, a",
    "bho": "1, y",
    "x": "t x",
    "y": "t y",
}
model = {"cell": "rnn", "activation": "tanh", "loss": "half-squared-error", "reduction": "sum"}


def example(seed, hidden=7):
    rng = np.random.default_rng(seed)
    x = y = np.eye(5)  # T D, T K   the question's data
    params = {
        "Wxh": rng.normal(size=(5, hidden)),
        "Whh": rng.normal(size=(hidden, hidden)),
        "Who": rng.normal(size=(hidden, 5)),
        "bhh": rng.normal(size=(1, hidden)),
        "bho": rng.normal(size=(1, 5)),
    }
    return params, {"x": x, "y": y.copy()}


def forward(params, x):
    h = np.zeros((len(x), params["Whh"].shape[0]))  # T H
    h_prev = np.zeros((1, params["Whh"].shape[0]))  # 1 H
    for t in range(len(x)):
        h_prev = np.tanh(x[t : t + 1] @ params["Wxh"] + h_prev @ params["Whh"] + params["bhh"])
        h[t] = h_prev
    return h, h @ params["Who"] + params["bho"]


def gradients(x, h, do, da):
    before = np.vstack([np.zeros((1, h.shape[1])), h[:-1]])  # T H   h_{t-1}
    return {
        "Wxh": x.T @ da,
        "Whh": before.T @ da,
        "Who": h.T @ do,
        "bhh": da.sum(axis=0, keepdims=True),
        "bho": do.sum(axis=0, keepdims=True),
    }


def loss_and_grads(params, data):
    x, y = data["x"], data["y"]
    h, o = forward(params, x)
    do = o - y  # T K
    dh = do @ params["Who"].T  # T H   what the outputs say, for all steps at once
    slope = 1 - h**2  # T H
    da = np.zeros_like(h)  # T H
    da[-1] = dh[-1] * slope[-1]
    for t in reversed(range(len(x) - 1)):
        dh[t] += da[t] @ params["Whh"].T
        da[t] = dh[t] * slope[t]
    return 0.5 * np.sum(do**2), gradients(x, h, do, da)
