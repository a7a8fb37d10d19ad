"""JAX, reverse mode through the equations, with ``lax.scan`` over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from references.equations import forward
from references.model import Model
from references.ops import Array, States, Step
from references.protocol import Answer, Unavailable

if TYPE_CHECKING:
    import jax

NAME = "jax"
SUMMARY = "JAX, reverse mode through the equations, scan over time"
NEEDS = ("jax",)
EXTRA = "jax"
WORKER = "jax"
DEFAULT = True


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


class JaxOps:
    """The equations' functions in JAX."""

    def __init__(self) -> None:
        import jax
        import jax.numpy as jnp

        self.sigmoid, self.tanh, self.relu, self.sum = jax.nn.sigmoid, jnp.tanh, jax.nn.relu, jnp.sum
        self.logsumexp = partial(jax.nn.logsumexp, axis=-1, keepdims=True)

    def identity(self, a: Array) -> Array:
        """The argument."""
        return a

    def parameter(self, name: str, array: Array) -> Array:
        """The array itself."""
        return array

    def softplus(self, a: Array) -> Array:
        """ln(1 + eᵃ)."""
        import jax.numpy as jnp

        return jnp.logaddexp(a, 0.0)

    def scan(self, step: Step, states: States, xs: Array) -> tuple[States, Mapping[str, Array]]:
        """``lax.scan``."""
        import jax

        final, kept = jax.lax.scan(step, states, xs)
        return final, kept


@cache
def _compiled(model: Model) -> Any:
    import jax

    def run(leaves: Mapping[str, Array], constants: Mapping[str, Array]) -> tuple[Array, Mapping[str, Array]]:
        outcome = forward(model, JaxOps(), {**leaves, **constants})
        return outcome.loss, outcome.trace

    return jax.jit(jax.value_and_grad(run, has_aux=True))


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace, at the arrays' dtype."""
    with in_own_dtype():
        leaves, constants = on_device(model, arrays, device)
        (loss, trace), grads = _compiled(model)(leaves, constants)
    return answer(model, arrays, leaves | constants, loss, grads, trace)


@contextmanager
def in_own_dtype() -> Iterator[None]:
    """Inside the block only, 64 bits are 64 bits, and on a GPU float32 means float32."""
    import jax

    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        yield


def on_device(
    model: Model, arrays: Mapping[str, np.ndarray], device: str
) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """The case's arrays of the same bytes: those that are differentiated, and the others."""
    import jax

    try:
        target = jax.devices(device)[0]
    except RuntimeError as error:
        raise Unavailable(f"jax finds no {device} device: {str(error).splitlines()[0]}") from None
    given = {name: jax.device_put(array, target) for name, array in model.for_equations(arrays).items()}
    leaves = {name: given[name] for name in model.differentiated}
    return leaves, {name: array for name, array in given.items() if name not in leaves}


def answer(
    model: Model,
    arrays: Mapping[str, np.ndarray],
    given: Mapping[str, jax.Array],
    loss: jax.Array,
    grads: Mapping[str, jax.Array],
    trace: Mapping[str, jax.Array],
) -> Answer:
    """Everything as NumPy arrays."""
    return Answer(
        np.asarray(loss),
        {name: np.asarray(grad) for name, grad in grads.items()},
        {name: np.asarray(value) for name, value in trace.items()},
        model.received({name: np.asarray(array) for name, array in given.items()}, arrays),
    )
