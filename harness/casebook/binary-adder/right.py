"""The binary adder: a sigmoid RNN that learns to add, bit by bit, with a backward pass that holds minus the gradient.

    h_t = σ(x_t W_0 + h_{t-1} W_h)    ŷ_t = σ(h_t W_1)    L = ½ Σ_t (y_t − ŷ_t)²

Row vectors, no biases, h_{-1} is zero. x_t are the t-th bits of the two numbers, least significant first, and y_t is
that of their sum. The error is y − ŷ and the updates are added, so what is held is −dL/dW: ``sign`` declares it.
"""

import numpy as np

BITS = 8

layout = {"W_0": "x, a", "W_h": "h, a", "W_1": "h, y", "x": "t x", "y": "t y"}
model = {"cell": "rnn", "activation": "sigmoid", "loss": "sigmoid-half-squared-error", "reduction": "sum"}
sign = -1


def bits(number):
    """Its bits as a column, least significant first."""
    return np.array([[number >> place & 1] for place in range(BITS)], dtype=float)  # T 1


def addition(a, b):
    """The data of one sum."""
    return {"x": np.hstack([bits(a), bits(b)]), "y": bits(a + b)}


def example(seed, hidden=6):
    rng = np.random.default_rng(seed)
    params = {
        "W_0": rng.uniform(-1, 1, (2, hidden)),
        "W_1": rng.uniform(-1, 1, (hidden, 1)),
        "W_h": rng.uniform(-1, 1, (hidden, hidden)),
    }
    return params, addition(int(rng.integers(128)), int(rng.integers(128)))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def sigmoid_output_to_derivative(output):
    return output * (1 - output)


def forward(params, x):
    layer_1_values = [np.zeros(params["W_h"].shape[0])]  # the zero state before the first step, then one state per step
    layer_2_values = []
    for row in x:
        layer_1 = sigmoid(row @ params["W_0"] + layer_1_values[-1] @ params["W_h"])  # H
        layer_1_values.append(layer_1)
        layer_2_values.append(sigmoid(layer_1 @ params["W_1"]))  # K
    return layer_1_values, layer_2_values


def loss_and_grads(params, data):
    x, y = data["x"], data["y"]
    layer_1_values, layer_2_values = forward(params, x)
    updates = {name: np.zeros_like(weights) for name, weights in params.items()}
    overall_error = 0
    future_layer_1_delta = np.zeros(params["W_h"].shape[0])  # H
    for t in reversed(range(len(x))):
        layer_1, layer_2 = layer_1_values[t + 1], layer_2_values[t]
        error = y[t] - layer_2  # K
        overall_error = overall_error + 0.5 * np.sum(error**2)
        layer_2_delta = error * sigmoid_output_to_derivative(layer_2)  # K
        layer_1_error = future_layer_1_delta @ params["W_h"].T + layer_2_delta @ params["W_1"].T  # H
        layer_1_delta = layer_1_error * sigmoid_output_to_derivative(layer_1)  # H
        updates["W_1"] += np.outer(layer_1, layer_2_delta)
        updates["W_h"] += np.outer(layer_1_values[t], layer_1_delta)
        updates["W_0"] += np.outer(x[t], layer_1_delta)
        future_layer_1_delta = layer_1_delta
    return overall_error, updates
