"""The course's character model, which makes up names: one name is one sequence.

    a_t = tanh(Wax x_t + Waa a_{t-1} + b)    p_t = softmax(Wya a_t + by)    L = −Σ_t ln p_t[Y_t]

Column vectors. X are the indices of a name's characters after None, which stands for the zero vector; Y are the same
characters, then the newline. The hidden state is handed on from name to name.
"""

import numpy as np

layout = {
    "Wax": "a, x",
    "Waa": "a, h",
    "Wya": "y, h",
    "b": "a, 1",
    "by": "y, 1",
    "X": "x: [t?]",
    "Y": "y: [t]",
    "a_prev": "h0: h 1",
}
model = {"cell": "rnn", "activation": "tanh", "loss": "softmax-cross-entropy", "reduction": "sum"}

NEWLINE = 0


def example(seed, n_a=6, vocabulary=8, length=6):
    rng = np.random.default_rng(seed)
    params = {
        "Wax": rng.normal(size=(n_a, vocabulary)) * 0.01,
        "Waa": rng.normal(size=(n_a, n_a)) * 0.01,
        "Wya": rng.normal(size=(vocabulary, n_a)) * 0.01,
        "b": np.zeros((n_a, 1)),
        "by": np.zeros((vocabulary, 1)),
    }
    name = [int(character) for character in rng.integers(1, vocabulary, size=length)]
    a_prev = rng.normal(size=(n_a, 1)) / 2  # left by the name before
    return params, {"X": [None, *name], "Y": [*name, NEWLINE], "a_prev": a_prev}


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e, axis=0)


def rnn_forward(X, Y, a0, parameters):
    """The loss, and x, a and p by step; a[-1] is the state before the first."""
    x, a, y_hat = {}, {-1: np.copy(a0)}, {}
    loss = 0
    for t in range(len(X)):
        x[t] = np.zeros((parameters["Wax"].shape[1], 1))
        if X[t] is not None:
            x[t][X[t]] = 1
        a[t] = np.tanh(parameters["Wax"] @ x[t] + parameters["Waa"] @ a[t - 1] + parameters["b"])  # n_a 1
        y_hat[t] = softmax(parameters["Wya"] @ a[t] + parameters["by"])  # vocabulary 1
        loss -= np.log(y_hat[t][Y[t], 0])
    return loss, (y_hat, a, x)


def rnn_backward(X, Y, parameters, cache):
    y_hat, a, x = cache
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "b", "by")}
    gradients["da_next"] = np.zeros_like(a[-1])  # n_a 1
    for t in reversed(range(len(X))):
        dy = np.copy(y_hat[t])  # vocabulary 1
        dy[Y[t]] -= 1
        gradients["dWya"] += dy @ a[t].T
        gradients["dby"] += dy
        da = parameters["Wya"].T @ dy + gradients["da_next"]  # n_a 1
        daraw = (1 - a[t] ** 2) * da  # n_a 1
        gradients["db"] += daraw
        gradients["dWax"] += daraw @ x[t].T
        gradients["dWaa"] += daraw @ a[t - 1].T
        gradients["da_next"] = parameters["Waa"].T @ daraw
    return gradients


def loss_and_grads(params, data):
    loss, cache = rnn_forward(data["X"], data["Y"], data["a_prev"], params)
    gradients = rnn_backward(data["X"], data["Y"], params, cache)
    gradients["da_prev"] = gradients.pop("da_next")  # what leaves the name at its first step
    return loss, {name.removeprefix("d"): gradient for name, gradient in gradients.items()}
