"""A small framework: layers that keep what their backward needs, parameters and gradients as attributes.

a_t = W_x x_t + b_x + W_h h_{t-1} + b_h, cut into input, forget, cell and output gates, as torch does
c_t = forget ⊙ c_{t-1} + input ⊙ cell    h_t = output ⊙ tanh(c_t)    z_t = V h_t + v    L = ½ Σ (z − y)² / (T B)
"""

import numpy as np

layout = {
    "lstm.W_x": "i+f+g+o, x",
    "lstm.W_h": "i+f+g+o, h",
    "lstm.b_x": "i+f+g+o, 1x",
    "lstm.b_h": "i+f+g+o, 1h",
    "head.W": "y, h",
    "head.b": "y",
    "x": "t b x",
    "y": "t b y",
    "h0": "b h",
    "c0": "b h",
}
model = {"cell": "lstm", "loss": "half-squared-error", "reduction": "mean"}


def example(seed, T=6, B=3, D=4, H=5, K=2):
    rng = np.random.default_rng(seed)
    shapes = {"lstm.W_x": (4 * H, D), "lstm.W_h": (4 * H, H), "lstm.b_x": (4 * H,), "lstm.b_h": (4 * H,)}
    shapes |= {"head.W": (K, H), "head.b": (K,)}
    inputs = {"x": (T, B, D), "y": (T, B, K), "h0": (B, H), "c0": (B, H)}
    return tuple({name: rng.normal(size=shape) for name, shape in group.items()} for group in (shapes, inputs))


class Sigmoid:
    def forward(self, a):
        self.out = 1 / (1 + np.exp(-a))
        return self.out

    def backward(self, grad):
        return grad * self.out * (1 - self.out)


class Tanh:
    def forward(self, a):
        self.out = np.tanh(a)
        return self.out

    def backward(self, grad):
        return grad * (1 - self.out**2)


class Linear:
    """Rows in, rows out; gradients add up until they are read."""

    def __init__(self, W, b):
        self.W, self.b = W, b
        self.grad_W = np.zeros_like(W)
        self.grad_b = np.zeros_like(b)
        self.inputs = []

    def forward(self, x):
        self.inputs.append(x)
        return x @ self.W.T + self.b

    def backward(self, grad):
        x = self.inputs.pop()
        self.grad_W += grad.T @ x
        self.grad_b += grad.sum(axis=0)
        return grad @ self.W


class Cell:
    """One time step; the weights belong to the layer."""

    def __init__(self, from_x, from_h):
        self.from_x, self.from_h = from_x, from_h
        self.gates = {"input": Sigmoid(), "forget": Sigmoid(), "cell": Tanh(), "output": Sigmoid()}
        self.squash = Tanh()

    def forward(self, x, h_prev, c_prev):
        self.c_prev = c_prev
        a = self.from_x.forward(x) + self.from_h.forward(h_prev)  # B 4H
        for (_, gate), part in zip(self.gates.items(), np.split(a, 4, axis=1), strict=True):
            gate.forward(part)
        c = self.gates["forget"].out * c_prev + self.gates["input"].out * self.gates["cell"].out
        return self.gates["output"].out * self.squash.forward(c), c

    def backward(self, d_hidden, d_cell):
        gates = self.gates
        d_gates = {"output": d_hidden * self.squash.out}
        d_squash = d_hidden * gates["output"].out
        d_cell = d_cell + self.squash.backward(d_squash)
        d_gates["input"] = d_cell * gates["cell"].out
        d_gates["forget"] = d_cell * self.c_prev
        d_gates["cell"] = d_cell * gates["input"].out
        d_cell_prev = d_cell * gates["forget"].out
        d_a = np.concatenate([gate.backward(d_gates[name]) for name, gate in gates.items()], axis=1)  # B 4H
        d_x = self.from_x.backward(d_a)
        d_hidden_prev = self.from_h.backward(d_a)
        return d_x, d_hidden_prev, d_cell_prev


class Layer:
    def __init__(self, W_x, W_h, b_x, b_h):
        self.from_x, self.from_h = Linear(W_x, b_x), Linear(W_h, b_h)

    def forward(self, x, h, c):
        self.cells, out = [], []
        for x_t in x:
            cell = Cell(self.from_x, self.from_h)
            h, c = cell.forward(x_t, h, c)
            self.cells.append(cell)
            out.append(h)
        return np.stack(out)  # T B H

    def backward(self, d_out):
        self.d_hidden = np.zeros_like(d_out[0])
        self.d_cell = np.zeros_like(d_out[0])
        d_x = []
        for cell, d_out_t in zip(reversed(self.cells), reversed(d_out), strict=True):
            d_hidden = d_out_t + self.d_hidden
            d_x_t, self.d_hidden, self.d_cell = cell.backward(d_hidden, self.d_cell)
            d_x.append(d_x_t)
        return np.stack(d_x[::-1])  # T B D


class MeanSquaredError:
    def forward(self, z, y):
        self.error = z - y
        self.count = z.shape[0] * z.shape[1]
        return 0.5 * np.sum(self.error**2) / self.count

    def backward(self):
        return self.error / self.count


class Network:
    def __init__(self, params):
        self.lstm = Layer(*(params[f"lstm.{name}"] for name in ("W_x", "W_h", "b_x", "b_h")))
        self.head = Linear(params["head.W"], params["head.b"])
        self.criterion = MeanSquaredError()

    def forward(self, x, h0, c0, y):
        hidden = self.lstm.forward(x, h0, c0)
        z = np.stack([self.head.forward(h) for h in hidden])  # T B K
        return self.criterion.forward(z, y)

    def backward(self):
        d_z = self.criterion.backward()
        d_out = np.stack([self.head.backward(d) for d in d_z[::-1]])[::-1]  # T B H
        self.d_x = self.lstm.backward(d_out)

    def gradients(self):
        lstm, head = self.lstm, self.head
        return {
            "lstm.W_x": lstm.from_x.grad_W,
            "lstm.W_h": lstm.from_h.grad_W,
            "lstm.b_x": lstm.from_x.grad_b,
            "lstm.b_h": lstm.from_h.grad_b,
            "head.W": head.grad_W,
            "head.b": head.grad_b,
            "x": self.d_x,
            "h0": lstm.d_hidden,
            "c0": lstm.d_cell,
        }


def loss_and_grads(params, data):
    network = Network(params)
    loss = network.forward(data["x"], data["h0"], data["c0"], data["y"])
    network.backward()
    return loss, network.gradients()
