"""PyTorch, reverse mode through the equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from references.equations import forward
from references.model import Model
from references.ops import Array, loop
from references.protocol import Answer, Lean, Repeated, Unavailable

if TYPE_CHECKING:
    import torch

NAME = "torch"
SUMMARY = "PyTorch, reverse mode through the equations"
NEEDS = ("torch",)
EXTRA = "torch"
WORKER = "torch"
DEFAULT = True


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


class TorchOps:
    """The equations' functions in PyTorch."""

    def __init__(self) -> None:
        import torch

        self.sigmoid, self.tanh, self.relu, self.sum = torch.sigmoid, torch.tanh, torch.relu, torch.sum
        self.logsumexp = partial(torch.logsumexp, dim=-1, keepdim=True)
        self.scan = partial(loop, lambda kept: torch.stack(list(kept)))

    def identity(self, a: Array) -> Array:
        return a

    def parameter(self, name: str, array: Array) -> Array:
        return array

    def softplus(self, a: Array) -> Array:
        import torch

        # torch's own softplus becomes the identity above 20, which is wrong by 2e-9
        return torch.logaddexp(torch.zeros_like(a), a)


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace, at the arrays' dtype."""
    given = tensors(model, arrays, device)
    outcome = forward(model, TorchOps(), given)
    return answer(model, arrays, given, outcome.loss, outcome.trace)


def repeated(model: Model, names: Sequence[str], device: str = "cpu") -> Repeated:
    """Loss, gradients of ``names`` and final states, without trace: see `references.protocol.repeated`."""
    import torch

    _look_for(device)

    def one(arrays: Mapping[str, np.ndarray]) -> Lean:
        given = {name: torch.tensor(array, device=device) for name, array in model.for_equations(arrays).items()}
        leaves = [given[name].requires_grad_() for name in names]
        outcome = forward(model, TorchOps(), given)
        found = torch.autograd.grad(outcome.loss, leaves, materialize_grads=True)
        grads = {name: grad.cpu().numpy() for name, grad in zip(names, found, strict=True)}
        final = {state: outcome.trace[state][-1].detach().cpu().numpy() for state in model.equations.STATES}
        return Lean(outcome.loss.item(), grads, final)

    return lambda cases: [one(arrays) for arrays in cases]


def tensors(model: Model, arrays: Mapping[str, np.ndarray], device: str) -> dict[str, torch.Tensor]:
    """The case's arrays as tensors of the same bytes, those that are differentiated as leaves."""
    import torch

    _look_for(device)
    given = {name: torch.tensor(array, device=device) for name, array in model.for_equations(arrays).items()}
    for name in model.differentiated:
        given[name].requires_grad_()
    return given


def _look_for(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise Unavailable("torch finds no CUDA device")


def answer(
    model: Model,
    arrays: Mapping[str, np.ndarray],
    given: Mapping[str, torch.Tensor],
    loss: torch.Tensor,
    trace: Mapping[str, torch.Tensor],
) -> Answer:
    """Differentiate ``loss`` with respect to the leaves in ``given``; everything as NumPy arrays."""
    loss.backward()  # type: ignore[no-untyped-call]
    grads: dict[str, np.ndarray] = {}
    for name in model.differentiated:
        grad = given[name].grad
        grads[name] = np.zeros_like(arrays[name]) if grad is None else grad.cpu().numpy()
    received = model.received({name: tensor.detach().cpu().numpy() for name, tensor in given.items()}, arrays)
    values = {name: value.detach().cpu().numpy() for name, value in trace.items()}
    return Answer(loss.detach().cpu().numpy(), grads, values, received)
