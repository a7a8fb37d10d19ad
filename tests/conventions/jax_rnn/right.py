"""A simple RNN with a hand-written backward in JAX: a ``jax.custom_vjp`` under a readout that JAX differentiates."""

import jax
import jax.numpy as jnp
import numpy as np

from harness.adapters import from_jax


@jax.custom_vjp
def hidden(x, h0, U, W, b):
    return forward(x, h0, U, W, b)[0]


def forward(x, h0, U, W, b):
    def step(h, x_t):
        h = jnp.tanh(x_t @ U + h @ W + b)
        return h, h

    hs = jax.lax.scan(step, h0, x)[1]
    return hs, (x, h0, U, W, hs)


def backward(kept, dhs):
    x, h0, U, W, hs = kept
    before = jnp.concatenate([h0[None], hs[:-1]])

    def step(carried, at):
        dh, h = at
        da = (dh + carried) * (1 - h * h)
        return da @ W.T, da

    dh0, da = jax.lax.scan(step, jnp.zeros_like(h0), (dhs, hs), reverse=True)
    dU = jnp.einsum("tbd,tbh->dh", x, da)
    dW = jnp.einsum("tbi,tbj->ij", before, da)
    return da @ U.T, dh0, dU, dW, da.sum((0, 1))


hidden.defvjp(forward, backward)


def loss(params, data):
    h = hidden(data["x"], data["h0"], params["U"], params["W"], params["b"])
    scores = h @ params["V"] + params["c"]
    picked = jnp.take_along_axis(scores, data["y"][..., None], axis=-1)[..., 0]
    return jnp.sum(jax.nn.logsumexp(scores, axis=-1) - picked)


loss_and_grads = from_jax(loss)


def example(seed):
    rng = np.random.default_rng(seed)
    T, B, D, H, K = 4, 2, 3, 6, 5
    shapes = {"U": (D, H), "W": (H, H), "b": (H,), "V": (H, K), "c": (K,)}
    params = {name: rng.normal(size=shape) / 2 for name, shape in shapes.items()}
    return params, {
        "x": rng.normal(size=(T, B, D)),
        "h0": rng.normal(size=(B, H)) / 2,
        "y": rng.integers(K, size=(T, B)),
    }


layout = {
    "U": "x, a",
    "W": "h, a",
    "b": "a",
    "V": "h, y",
    "c": "y",
    "x": "t b x",
    "h0": "b h",
    "y": "t b",
}
model = {"cell": "rnn", "loss": "softmax-cross-entropy"}
