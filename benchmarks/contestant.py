"""One contestant in a process of its own: waits for a line, runs once, answers with the seconds it took.

Each computes an LSTM's forward pass and the gradients of weights, biases, input and initial states, from the same
numbers and the same cotangents. ``products`` computes the bare matrix products of that, and nothing else: no
implementation on the same BLAS can be faster.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Sizes = tuple[int, int, int, int]

WARM_UP = 0.3  # seconds


def arrays(sizes: Sizes, dtype: str) -> dict[str, np.ndarray]:
    T, B, D, H = sizes
    rng = np.random.default_rng(0)
    shapes = {"W_ih": (4 * H, D), "W_hh": (4 * H, H), "b_ih": (4 * H,), "b_hh": (4 * H,), "x": (T, B, D)}
    shapes |= {"h0": (B, H), "c0": (B, H), "G": (T, B, H)}
    scale = {"W_ih": 0.5 * D**-0.5, "W_hh": 0.5 * H**-0.5}
    return {name: (rng.normal(0, scale.get(name, 0.5), shape)).astype(dtype) for name, shape in shapes.items()}


def handgrad(sizes: Sizes, dtype: str) -> Callable[[], object]:
    """The project's own hand-derived NumPy, with a workspace, as a training loop would."""
    from handgrad.cells import lstm
    from handgrad.workspace import Workspace

    a = arrays(sizes, dtype)
    states, final = {"h": a["h0"], "c": a["c0"]}, {"h": np.zeros_like(a["h0"]), "c": np.zeros_like(a["h0"])}
    workspace = Workspace()

    def run() -> object:
        tape = lstm.forward(a["x"], states, a["W_ih"], a["W_hh"], a["b_ih"] + a["b_hh"], "tanh", workspace.empty)
        return lstm.backward(tape, a["G"], final)

    return run


def products(sizes: Sizes, dtype: str) -> Callable[[], object]:
    """The matrix products alone, in NumPy, into memory that is there already."""
    T, B, D, H = sizes
    a = arrays(sizes, dtype)
    x, W_ih, W_hh = a["x"].reshape(T * B, D), a["W_ih"], a["W_hh"]
    da = np.ones((T, B, 4 * H), dtype)
    h, step, dh = np.ones((T, B, H), dtype), np.empty((B, 4 * H), dtype), np.empty((B, H), dtype)
    rows, dx = np.empty((T * B, 4 * H), dtype), np.empty((T * B, D), dtype)

    def run() -> object:
        np.matmul(x, W_ih.T, out=rows)
        for t in range(T):
            np.matmul(h[t], W_hh.T, out=step)
        for t in range(T):
            np.matmul(da[t], W_hh, out=dh)
        da_rows = da.reshape(T * B, 4 * H)
        np.matmul(da_rows, W_ih, out=dx)
        return da_rows.T @ x, da_rows.T @ h.reshape(T * B, H)

    return run


def torch(sizes: Sizes, dtype: str) -> Callable[[], object]:
    """``torch.nn.LSTM`` with autograd, on the CPU."""
    import os

    import torch as framework

    framework.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    _, _, D, H = sizes
    a = {name: framework.tensor(array) for name, array in arrays(sizes, dtype).items()}
    layer = framework.nn.LSTM(D, H, dtype=getattr(framework, dtype))
    with framework.no_grad():
        layer.weight_ih_l0.copy_(a["W_ih"])
        layer.weight_hh_l0.copy_(a["W_hh"])
        layer.bias_ih_l0.copy_(a["b_ih"])
        layer.bias_hh_l0.copy_(a["b_hh"])
    x, h0, c0 = (array.requires_grad_() for array in (a["x"], a["h0"][None], a["c0"][None]))

    def run() -> object:
        layer.zero_grad()
        x.grad = h0.grad = c0.grad = None
        h, _ = layer(x, (h0, c0))
        h.backward(a["G"])
        return x.grad

    return run


def jax(sizes: Sizes, dtype: str) -> Callable[[], object]:
    """JAX: one jitted function for value and gradient, scan over time, one input projection for all steps."""
    import jax as framework
    import jax.numpy as jnp

    framework.config.update("jax_enable_x64", True)
    a = {name: jnp.asarray(array) for name, array in arrays(sizes, dtype).items()}
    G = a.pop("G")

    def loss(p: dict[str, Any], G: Any) -> Any:
        projected = p["x"] @ p["W_ih"].T + (p["b_ih"] + p["b_hh"])

        def step(state: tuple[Any, Any], a_x: Any) -> tuple[tuple[Any, Any], Any]:
            h, c = state
            i, f, g, o = jnp.split(a_x + h @ p["W_hh"].T, 4, axis=-1)
            c = framework.nn.sigmoid(f) * c + framework.nn.sigmoid(i) * jnp.tanh(g)
            h = framework.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        _, h = framework.lax.scan(step, (p["h0"], p["c0"]), projected)
        return (h * G).sum()

    gradient = framework.jit(framework.value_and_grad(loss))
    return lambda: framework.block_until_ready(gradient(a, G))


CONTESTANTS: dict[str, Callable[[Sizes, str], Callable[[], object]]] = {
    "products": products,
    "handgrad": handgrad,
    "torch": torch,
    "jax": jax,
}


def main(name: str, dtype: str, *sizes: str) -> None:
    """Say when ready, then answer each line (how often to run) with the mean seconds of a run.

    Before each turn it runs untimed for a while: after a rest, threads first have to find their cores again.
    """
    T, B, D, H = map(int, sizes)
    run = CONTESTANTS[name]((T, B, D, H), dtype)
    run()
    print("ready", flush=True)
    for line in sys.stdin:
        times = int(line)
        awake = time.perf_counter() + WARM_UP
        run()
        while time.perf_counter() < awake:
            run()
        started = time.perf_counter()
        for _ in range(times):
            run()
        print((time.perf_counter() - started) / times, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
