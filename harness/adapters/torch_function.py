"""A hand-written backward in PyTorch, a ``torch.autograd.Function``, as a candidate."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, cast

import numpy as np

from harness.adapters.values import (
    Function,
    LossAndGrads,
    Values,
    differentiable,
    leaves,
    mapped,
    names,
    total,
    widened,
)


def from_torch(
    function: Function, outputs: str | Sequence[str] | None = None, without: str | Sequence[str] = ()
) -> LossAndGrads:
    """A candidate's ``loss_and_grads`` made from ``function(params, data)``, which is given dicts of tensors.

    It calls ``YourFunction.apply`` and returns the loss. If it returns one or several outputs in place of a loss,
    ``outputs`` names the data that hold their cotangents: L = Σ output ⊙ cotangent. Autograd then runs the backward
    passes that are written by hand. A gradient is returned of every float array that the loss depends on, as far as
    backward gives one: None is left out, and so are the cotangents and what ``without`` names.
    """
    cotangents = names(outputs)
    left_out = (*cotangents, *names(without))

    @wraps(function)
    def loss_and_grads(params: Values, data: Values) -> tuple[Any, dict[str, Any]]:
        import torch

        tensors = _tensors(params), _tensors(data)
        held = {name: value for part in tensors for name, value in part.items()}
        wanted = {name: list(leaves(held[name])) for name in differentiable(params, data, left_out)}
        every = [leaf.requires_grad_() for part in wanted.values() for leaf in part]
        loss = total(function(*tensors), tensors[1], cotangents)
        if not loss.requires_grad:
            raise ValueError(
                "the loss carries no graph: it must be computed by torch from the tensors that are given, "
                "by YourFunction.apply, and not be detached"
            )
        found = iter(torch.autograd.grad(loss, every, allow_unused=True))
        values = {**params, **data}
        grads = {name: _gradient(values[name], [(leaf, next(found)) for leaf in part]) for name, part in wanted.items()}
        return _number(loss), {name: grad for name, grad in grads.items() if grad is not None}

    def forward(params: Values, data: Values) -> Any:
        import torch

        params, data, is_complex = widened(params, data)
        with torch.no_grad(), _strict(is_complex):
            tensors = _tensors(params), _tensors(data)
            return _number(total(function(*tensors), tensors[1], cotangents))

    loss_and_grads.forward = forward  # type: ignore[attr-defined]
    return cast(LossAndGrads, loss_and_grads)


def _tensors(values: Values) -> dict[str, Any]:
    """Tensors on the arrays' own memory: what a function changes in place is seen to be changed."""
    import torch

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))

    return {name: mapped(value, tensor) for name, value in values.items()}


def _gradient(value: Any, parts: Sequence[tuple[Any, Any]]) -> Any:
    """The gradient in the structure of its value, from its tensors and their gradients; None where there is none."""
    if all(grad is None for _, grad in parts):
        return None
    dense = (tensor.new_zeros(tensor.shape) if grad is None else grad for tensor, grad in parts)
    arrays = iter([tensor.numpy(force=True).copy() for tensor in dense])
    return mapped(value, lambda _: next(arrays))


def _number(loss: Any) -> Any:
    return loss.numpy(force=True)[()]


@contextmanager
def _strict(strict: bool) -> Iterator[None]:
    """Inside the block, if ``strict``: a warning is an error, since torch only warns of a lost imaginary part, once."""
    import torch

    if not strict:
        yield
        return
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        torch.set_warn_always(before)
