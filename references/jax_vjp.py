"""JAX, reverse mode through the equations, with ``lax.scan`` over time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import numpy as np

from references.equations import forward
from references.model import Model
from references.ops import Array, States, Step
from references.protocol import Answer, Unavailable

NAME = "jax"
SUMMARY = "JAX, reverse mode through the equations, scan over time"
NEEDS = ("jax",)
WORKER = "jax"
DEFAULT = True


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


class _Ops:
    def __init__(self) -> None:
        import jax
        import jax.numpy as jnp

        self.sigmoid, self.tanh, self.relu, self.sum = jax.nn.sigmoid, jnp.tanh, jax.nn.relu, jnp.sum
        self.logsumexp = partial(jax.nn.logsumexp, axis=-1, keepdims=True)

    def identity(self, a: Array) -> Array:
        return a

    def parameter(self, name: str, array: Array) -> Array:
        return array

    def softplus(self, a: Array) -> Array:
        import jax.numpy as jnp

        return jnp.logaddexp(a, 0.0)

    def scan(self, step: Step, states: States, xs: Array) -> tuple[States, Mapping[str, Array]]:
        import jax

        final, kept = jax.lax.scan(step, states, xs)
        return final, kept


@cache
def _compiled(model: Model) -> Any:
    import jax

    def run(leaves: Mapping[str, Array], constants: Mapping[str, Array]) -> tuple[Array, Mapping[str, Array]]:
        outcome = forward(model, _Ops(), {**leaves, **constants})
        return outcome.loss, outcome.trace

    return jax.jit(jax.value_and_grad(run, has_aux=True))


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace, at the arrays' dtype."""
    import jax

    try:
        target = jax.devices(device)[0]
    except RuntimeError as error:
        raise Unavailable(f"jax finds no {device} device: {str(error).splitlines()[0]}") from None
    # Both settings hold inside the block only; on a GPU float32 is to mean float32.
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        given = {name: jax.device_put(array, target) for name, array in model.for_equations(arrays).items()}
        leaves = {name: given[name] for name in model.differentiated}
        constants = {name: array for name, array in given.items() if name not in leaves}
        run = _compiled(model)
        (loss, trace), grads = run(leaves, constants)
    return Answer(
        np.asarray(loss),
        {name: np.asarray(grad) for name, grad in grads.items()},
        {name: np.asarray(value) for name, value in trace.items()},
        model.received({name: np.asarray(array) for name, array in given.items()}, arrays),
    )
