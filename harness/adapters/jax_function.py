"""A hand-written backward in JAX, a ``jax.custom_vjp``, as a candidate."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, cast

import numpy as np

from harness.adapters.values import Function, LossAndGrads, Values, differentiable, mapped, names, total, widened

#: variables by name, the other arrays in their order → what is computed from them
Evaluate = Callable[[dict[str, Any], list[Any]], Any]

#: in the place of an array that is given apart
_HOLE = np.empty(0)


def from_jax(
    function: Function, outputs: str | Sequence[str] | None = None, without: str | Sequence[str] = ()
) -> LossAndGrads:
    """A candidate's ``loss_and_grads`` made from ``function(params, data)``, which is given dicts of JAX arrays.

    It calls a function with hand-written ``defvjp`` and returns the loss. If it returns one or several outputs in place
    of a loss, ``outputs`` names the data that hold their cotangents: L = Σ output ⊙ cotangent. JAX then runs the
    backward passes that are written by hand. A gradient is returned of every float array but the cotangents and what
    ``without`` names: JAX makes zeros of the None that a backward pass gives for what it does not differentiate.

    The function is compiled; where it cannot be (it makes Python integers of the data's, say), it runs step by step.
    """
    cotangents = names(outputs)
    left_out = (*cotangents, *names(without))
    known: dict[str, tuple[Evaluate, Evaluate]] = {}  # by what is no array: names, nesting, Python's numbers, text

    def prepared(params: Values, data: Values) -> tuple[Evaluate, Evaluate, dict[str, Any], list[Any]]:
        """What evaluates the loss, what differentiates it as well, and what both are given."""
        import jax

        wanted = differentiable(params, data, left_out)
        variables = {name: mapped(value, lambda a: a) for name, value in {**params, **data}.items() if name in wanted}
        others: list[Any] = []

        def apart(array: np.ndarray) -> np.ndarray:
            others.append(array)
            return _HOLE

        rest = [{name: None if name in wanted else value for name, value in part.items()} for part in (params, data)]
        skeleton = mapped(rest, apart)

        def loss_at(variables: dict[str, Any], others: list[Any]) -> Any:
            arrays = iter(others)
            parts = mapped(skeleton, lambda _: next(arrays))
            given = [{name: variables.get(name, value) for name, value in part.items()} for part in parts]
            return total(function(*given), given[1], cotangents)

        about = repr((skeleton, wanted))
        if about not in known:
            known[about] = _compiled(loss_at), _compiled(jax.value_and_grad(loss_at))
        return *known[about], variables, others

    @wraps(function)
    def loss_and_grads(params: Values, data: Values) -> tuple[Any, dict[str, Any]]:
        import jax

        with jax.enable_x64(True):
            evaluate, differentiate, variables, others = prepared(params, data)
            loss, grads = differentiate(variables, others)
            _same(evaluate(variables, others), loss)
        return _number(loss), jax.tree.map(np.array, grads)

    def forward(params: Values, data: Values) -> Any:
        import jax

        params, data, is_complex = widened(params, data)
        with jax.enable_x64(True), _strict(is_complex):
            evaluate, _, variables, others = prepared(params, data)
            return _number(evaluate(variables, others))

    loss_and_grads.forward = forward  # type: ignore[attr-defined]
    return cast(LossAndGrads, loss_and_grads)


def _compiled(evaluate: Evaluate) -> Evaluate:
    import jax

    jitted = jax.jit(evaluate)
    able = True

    def call(variables: dict[str, Any], others: list[Any]) -> Any:
        nonlocal able
        if able:
            try:
                return jitted(variables, others)
            except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):  # it reads a value, which compiling hides
                able = False
        return evaluate(jax.tree.map(jax.numpy.array, variables), [jax.numpy.array(array) for array in others])

    return call


def _number(loss: Any) -> Any:
    return np.asarray(loss)[()]


def _same(plain: Any, differentiated: Any) -> None:
    """Raise ValueError where a custom_vjp's forward pass for differentiation computes another loss than the function.

    Half the digits: the two may round differently.
    """
    one, two = np.asarray(plain), np.asarray(differentiated)
    if not np.isclose(one, two, rtol=float(np.sqrt(np.finfo(one.dtype).eps)), atol=0.0, equal_nan=True):
        raise ValueError(
            f"the function's loss is {one}, and {two} while it is differentiated: the fwd that is given to defvjp "
            f"must compute what the function computes"
        )


@contextmanager
def _strict(strict: bool) -> Iterator[None]:
    """Inside the block, if ``strict``: a warning is an error, since JAX only warns of a lost imaginary part."""
    with warnings.catch_warnings():
        if strict:
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DeprecationWarning)
        yield
