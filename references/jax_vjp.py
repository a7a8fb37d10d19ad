"""JAX, reverse mode through the equations, with ``lax.scan`` over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from references.equations import forward
from references.flat import apart
from references.model import Model
from references.ops import Array, States, Step
from references.protocol import Answer, Lean, Repeated, Unavailable

if TYPE_CHECKING:
    import jax

NAME = "jax"
SUMMARY = "JAX, reverse mode through the equations, scan over time"
NEEDS = ("jax",)
EXTRA = "jax"
WORKER = "jax"
DEFAULT = True
TOGETHER = 4  #: how many updates of a small model it answers in the time of two


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


#: where several are differentiated together, a loop of at most so many steps over so many weights is written out
_SHORT, _HEAVY = 16, 2**15


class _WrittenOut(JaxOps):
    """Every step on its own: slower to compile, but the steps' shares of a large gradient are summed at once."""

    def scan(self, step: Step, states: States, xs: Array) -> tuple[States, Mapping[str, Array]]:
        """``lax.scan`` without a loop."""
        import jax

        final, kept = jax.lax.scan(step, states, xs, unroll=True)
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


def repeated(model: Model, names: Sequence[str], device: str = "cpu") -> Repeated:
    """Loss, gradients of ``names`` and final states, without trace: see `references.protocol.repeated`.

    Several sets of arrays are differentiated as one, which costs little more than one alone where sizes are small. All
    of them go in as one array and come out as one: JAX takes longer for twenty small arrays than for the gradient.
    Every new shape, and so every length T, is compiled.
    """
    import jax

    target = _target(device)

    def ask(sets: Sequence[Mapping[str, np.ndarray]]) -> list[Lean]:
        shapes = {name: array.shape for name, array in _ready(model, sets[0]).items()}
        flat = np.empty((len(sets), sum(map(math.prod, shapes.values()))), sets[0]["x"].dtype)
        for k, one in enumerate(sets):
            if k and one is sets[k - 1]:  # again, to fill the number up
                flat[k] = flat[k - 1]
                continue
            parts = apart(flat[k], shapes)
            for name, array in _ready(model, one).items():
                parts[name][...] = array
        with in_own_dtype():
            put = flat if target == jax.devices()[0] else jax.device_put(flat, target)
            given = np.asarray(_in_one(model, tuple(names), tuple(shapes.items()))(put))
        finals = dict.fromkeys(model.equations.STATES, shapes["h0"])
        wanted = {name: shapes[name] for name in names}
        return [_lean(row, wanted, finals) for row in given]

    return ask


def _ready(model: Model, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays with targets as equations read them, not copied."""
    needed = {name: arrays[name] for name in ("x", "y", "b_y", "h0") if name in arrays}
    return {**arrays, "y": model.for_equations(needed)["y"]} if "y" in arrays else dict(arrays)


@cache
def _in_one(model: Model, names: tuple[str, ...], shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> Any:
    """From arrays of these shapes, one behind the other (S, …), to gradients, final states and the loss (S, …)."""
    import jax
    import jax.numpy as jnp

    def one(flat: Array, alone: bool) -> Array:
        arrays = apart(flat, dict(shapes))
        loop = alone or sum(arrays[name].size for name in names) < _HEAVY or len(arrays["x"]) > _SHORT

        def run(leaves: Mapping[str, Array]) -> tuple[Array, list[Array]]:
            outcome = forward(model, JaxOps() if loop else _WrittenOut(), {**arrays, **leaves})
            return outcome.loss, [outcome.trace[state][-1] for state in model.equations.STATES]

        (loss, finals), grads = jax.value_and_grad(run, has_aux=True)({name: arrays[name] for name in names})
        return jnp.concatenate([*(grads[name].ravel() for name in names), *(h.ravel() for h in finals), loss[None]])

    return jax.jit(
        lambda flat: one(flat[0], True)[None] if len(flat) == 1 else jax.vmap(partial(one, alone=False))(flat)
    )


def _lean(row: np.ndarray, grads: Mapping[str, tuple[int, ...]], finals: Mapping[str, tuple[int, ...]]) -> Lean:
    parts = apart(row, {**grads, **{f"final {state}": shape for state, shape in finals.items()}})
    return Lean(
        float(row[-1]),
        {name: parts[name] for name in grads},
        {state: parts[f"final {state}"] for state in finals},
    )


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

    target = _target(device)
    given = {name: jax.device_put(array, target) for name, array in model.for_equations(arrays).items()}
    leaves = {name: given[name] for name in model.differentiated}
    return leaves, {name: array for name, array in given.items() if name not in leaves}


def _target(device: str) -> jax.Device:
    import jax

    try:
        return jax.devices(device)[0]
    except RuntimeError as error:
        raise Unavailable(f"jax finds no {device} device: {str(error).splitlines()[0]}") from None


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
