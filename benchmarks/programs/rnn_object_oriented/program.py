"""A recurrent layer unrolled into units, one object per time step, all with the same weights; features first.

H_t = tanh(Wxh x_t + Whh H_{t-1} + bh)    L = Σ dH ⊙ H
"""

import numpy as np

layout = {
    "Wxh": "a, x",
    "Whh": "a, h",
    "bh": "a, 1",
    "x": "x b t",  # (D, B, T)
    "H0": "h0: h b",
    "dH": "G: h b t",  # (H, B, T)
}
model = {"cell": "rnn", "activation": "tanh", "loss": "cotangent"}


def example(seed, D=4, B=3, T=6, H=5):
    rng = np.random.default_rng(seed)
    params = {"Wxh": rng.normal(size=(H, D)), "Whh": rng.normal(size=(H, H)), "bh": rng.normal(size=(H, 1))}
    shapes = {"x": (D, B, T), "H0": (H, B), "dH": (H, B, T)}
    return params, {name: rng.normal(size=shape) for name, shape in shapes.items()}


class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class Unit:
    """What happens at one time step."""

    def __init__(self, weights, before):
        self.weights, self.before = weights, before

    def forward(self, x):
        Wxh, Whh, bh = self.weights
        self.x = x
        self.h_prev = self.before.h
        self.h = np.tanh(Wxh.value @ x + Whh.value @ self.h_prev + bh.value)

    def backward(self, dh):
        Wxh, Whh, bh = self.weights
        self.dpre = dh * (1 - self.h**2)
        Wxh.grad += self.dpre @ self.x.T
        Whh.grad += self.dpre @ self.h_prev.T
        bh.grad += self.dpre.sum(axis=1, keepdims=True)
        self.dx = Wxh.value.T @ self.dpre
        self.dh_prev = Whh.value.T @ self.dpre


class Start:
    """Stands before the first unit."""

    def __init__(self, h):
        self.h = h


class RNN:
    def __init__(self, Wxh, Whh, bh):
        self.weights = tuple(Parameter(value) for value in (Wxh, Whh, bh))

    def forward(self, x, h0):
        self.units = []
        before = Start(h0)
        for t in range(x.shape[2]):
            unit = Unit(self.weights, before)
            unit.forward(x[:, :, t])
            self.units.append(unit)
            before = unit
        return np.stack([unit.h for unit in self.units], axis=2)

    def backward(self, dH):
        dh_next = np.zeros_like(dH[:, :, 0])
        for t in range(len(self.units) - 1, -1, -1):
            unit = self.units[t]
            unit.backward(dH[:, :, t] + dh_next)
            dh_next = unit.dh_prev
        self.dx = np.stack([unit.dx for unit in self.units], axis=2)
        self.dh0 = dh_next


class Probe:
    """The loss: a weighted sum of all states."""

    def __init__(self, dH):
        self.dH = dH

    def value(self, H):
        return float(np.sum(self.dH * H))

    def gradient(self):
        return self.dH


def loss_and_grads(params, data):
    net, probe = RNN(**params), Probe(data["dH"])
    loss = probe.value(net.forward(data["x"], data["H0"]))
    net.backward(probe.gradient())
    grads = dict(zip(("Wxh", "Whh", "bh"), (weight.grad for weight in net.weights), strict=True))
    return loss, {**grads, "x": net.dx, "H0": net.dh0}
