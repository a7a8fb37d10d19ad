"""JAX, forward mode through the equations: a derivative along every single element, by an algorithm of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from references import patience
from references.equations import forward
from references.jax_vjp import JaxOps, answer, in_own_dtype, on_device
from references.model import Model
from references.ops import Array
from references.protocol import Answer

NAME = "jax-jvp"
SUMMARY = "JAX, forward mode through the equations, along one element after the other"
NEEDS = ("jax",)
EXTRA = "jax"
WORKER = "jax"
DEFAULT = False

#: Bytes that the tangents of one chunk of elements may take up, roughly.
MEMORY = 64 * 2**20


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace, at the arrays' dtype."""
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    with in_own_dtype():
        leaves, constants = on_device(model, arrays, device)
        flat, in_shape = ravel_pytree(leaves)
        size = _chunk(arrays, flat.size)
        run = _compiled(model, size).lower(leaves, constants, 0).compile()  # which is not to count as slow
        slopes: list[np.ndarray] = []
        started = time.perf_counter()
        for first in range(0, flat.size, size):
            chunk, loss, trace = run(leaves, constants, first)
            slopes.append(np.asarray(chunk))
            if first == 0:
                patience.refuse_beyond_limit((time.perf_counter() - started) * flat.size / size, flat.size)
        grads = in_shape(jnp.asarray(np.concatenate(slopes)[: flat.size]))
    return answer(model, arrays, leaves | constants, loss, grads, trace)


def _chunk(arrays: Mapping[str, np.ndarray], count: int) -> int:
    """How many elements at a time, so that all chunks are about equal."""
    T, B = arrays["x"].shape[:2]
    tangent: int = arrays["x"].itemsize * (2 * count + 4 * T * B * len(arrays["b_ih"]))
    chunks = -(-count // max(1, MEMORY // tangent))
    return -(-count // chunks)


@cache
def _compiled(model: Model, size: int) -> Any:
    """The slopes along ``size`` elements, of all leaves laid end to end; those beyond the last one are 0."""
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    def run(
        leaves: Mapping[str, Array], constants: Mapping[str, Array], first: int
    ) -> tuple[Array, Array, Mapping[str, Array]]:
        flat, in_shape = ravel_pytree(leaves)

        def loss(elements: Array) -> tuple[Array, Mapping[str, Array]]:
            outcome = forward(model, JaxOps(), {**in_shape(elements), **constants})
            return outcome.loss, outcome.trace

        def along(element: Array) -> tuple[Array, Array, Mapping[str, Array]]:
            one_hot = jax.nn.one_hot(element, flat.size, dtype=flat.dtype)
            value, slope, trace = jax.jvp(loss, (flat,), (one_hot,), has_aux=True)
            return slope, value, trace

        return jax.vmap(along, out_axes=(0, None, None))(first + jnp.arange(size))

    return jax.jit(run)
