"""A recurrent network as an object: weights are attributes, gradients are d-attributes that add up until reset.

h_t = σ(U x_t + W h_{t-1} + bh), o_t = V h_t + bo, summed squared error. One sequence at a time, plain vectors.
"""

import numpy as np


class RecurrentNetwork:
    names = ("U", "W", "V", "bh", "bo")

    def set_weights(self, U, W, V, bh, bo):
        self.U, self.W, self.V, self.bh, self.bo = U, W, V, bh, bo
        self.reset()

    def reset(self):
        for name in self.names:
            setattr(self, "d" + name, np.zeros_like(getattr(self, name)))

    def predict(self, xs):
        self.xs = xs
        self.hs = [np.zeros_like(self.bh)]
        for x in xs:
            self.hs.append(1 / (1 + np.exp(-(self.U @ x + self.W @ self.hs[-1] + self.bh))))
        return [self.V @ h + self.bo for h in self.hs[1:]]

    def learn(self, xs, ys):
        outputs = self.predict(xs)
        loss = sum(np.sum((o - y) ** 2) for o, y in zip(outputs, ys, strict=True))
        dh_next = np.zeros_like(self.bh)
        for t in range(len(xs) - 1, -1, -1):
            do = 2 * (outputs[t] - ys[t])
            self.dV += np.outer(do, self.hs[t + 1])
            self.dbo += do
            dh = self.V.T @ do + dh_next
            da = dh * self.hs[t + 1] * (1 - self.hs[t + 1])
            self.dU += np.outer(da, xs[t])
            self.dW += np.outer(da, self.hs[t])
            self.dbh += da
            dh_next = self.W.T @ da
        return loss


network = RecurrentNetwork()


def loss_and_grads(params, data):
    network.set_weights(**params)
    loss = network.learn(data["x"], data["y"])
    return loss, {name: getattr(network, "d" + name) for name in network.names}


def example(seed):
    rng = np.random.default_rng(seed)
    T, D, H, K = 6, 3, 5, 2
    params = {
        "U": rng.uniform(-1, 1, (H, D)),
        "W": rng.uniform(-1, 1, (H, H)),
        "V": rng.uniform(-1, 1, (K, H)),
        "bh": rng.uniform(-1, 1, H),
        "bo": rng.uniform(-1, 1, K),
    }
    return params, {"x": rng.uniform(-1, 1, (T, D)), "y": rng.uniform(-1, 1, (T, K))}


layout = {"U": "a, x", "W": "a, h", "V": "y, h", "bh": "a", "bo": "y", "x": "t x", "y": "t y"}
model = {"cell": "rnn", "activation": "sigmoid", "loss": "squared-error"}
