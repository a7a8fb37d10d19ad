"""The LSTM without the output tanh of the casebook's primes: one cell object per step, outer products added up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Arrays = dict[str, np.ndarray]


def drawn(low: float, high: float, *shape: int) -> np.ndarray:
    """Uniform; the generator starts anew at every call, as published."""
    return np.random.RandomState(0).rand(*shape) * (high - low) + low


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1.0 / (1 + np.exp(-x))


class Node:
    """One time step: what its forward pass computed, for its backward pass."""

    def __init__(self, x: np.ndarray, s_before: np.ndarray, h_before: np.ndarray, p: Arrays) -> None:
        self.s_before = s_before
        self.xc = np.hstack((x, h_before))
        self.g = np.tanh(np.dot(p["wg"], self.xc) + p["bg"])
        self.i = sigmoid(np.dot(p["wi"], self.xc) + p["bi"])
        self.f = sigmoid(np.dot(p["wf"], self.xc) + p["bf"])
        self.o = sigmoid(np.dot(p["wo"], self.xc) + p["bo"])
        self.s = self.g * self.i + s_before * self.f
        self.h = self.s * self.o

    def backward(self, dh: np.ndarray, ds_later: np.ndarray, p: Arrays, d: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Adds to the gradients ``d``; what goes on to the step before, of h and of s."""
        ds = self.o * dh + ds_later
        di = (1.0 - self.i) * self.i * (self.g * ds)
        df = (1.0 - self.f) * self.f * (self.s_before * ds)
        do = (1.0 - self.o) * self.o * (self.s * dh)
        dg = (1.0 - self.g**2) * (self.i * ds)
        d["wi"] += np.outer(di, self.xc)
        d["wf"] += np.outer(df, self.xc)
        d["wo"] += np.outer(do, self.xc)
        d["wg"] += np.outer(dg, self.xc)
        d["bi"] += di
        d["bf"] += df
        d["bo"] += do
        d["bg"] += dg
        dxc = np.zeros_like(self.xc)
        dxc += np.dot(p["wi"].T, di)
        dxc += np.dot(p["wf"].T, df)
        dxc += np.dot(p["wo"].T, do)
        dxc += np.dot(p["wg"].T, dg)
        return dxc[len(dxc) - len(dh) :], ds * self.f


def training(hidden: int = 100, inputs: int = 50, samples: int = 10, rate: float = 0.01) -> Iterator[float]:
    """The loss of one update after another, without an end."""
    p = {f"w{gate}": drawn(-0.1, 0.1, hidden, inputs + hidden) for gate in "gifo"}
    p |= {f"b{gate}": drawn(-0.1, 0.1, hidden) for gate in "gifo"}
    primes = [n / 100 for n in range(2, 100) if all(n % k for k in range(2, n))]
    xs = [np.array([primes[(k + j) % len(primes)] for j in range(inputs)]) for k in range(samples)]
    ys = [primes[(k + inputs) % len(primes)] for k in range(samples)]
    while True:
        s, h = np.zeros(hidden), np.zeros(hidden)
        nodes = []
        for x in xs:
            nodes.append(Node(x, s, h, p))
            s, h = nodes[-1].s, nodes[-1].h
        d = {name: np.zeros_like(value) for name, value in p.items()}
        dh, ds = np.zeros(hidden), np.zeros(hidden)
        loss = 0.0
        for node, y in zip(reversed(nodes), reversed(ys), strict=True):
            loss += (node.h[0] - y) ** 2
            top = np.zeros(hidden)
            top[0] = 2 * (node.h[0] - y)
            dh, ds = node.backward(top + dh, ds, p, d)
        for name in p:
            p[name] -= rate * d[name]
        yield loss
