"""The loss without its gradients, from handgrad's own forward or from PyTorch's: what a difference needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from handgrad import cells
from handgrad.losses import LOSSES
from handgrad.model import COTANGENT
from harness.case import Case
from references.model import Model


def loss_alone(model: Model, arrays: Mapping[str, np.ndarray]) -> np.floating:
    """What `handgrad.loss_and_grads` gives as the loss, for less than half the time."""
    module = cells.get(model.cell)
    x = arrays["x"]
    T, B, _ = x.shape
    states = {name: arrays[f"{name}0"] for name in module.STATES}
    bias = arrays["b_ih"] + arrays["b_hh"]
    tape = module.forward(x, states, arrays["W_ih"], arrays["W_hh"], bias, model.activation)
    n = x.dtype.type(model.divisor(T, B))
    h = tape.h[1:]  # T B H
    value: np.floating
    if model.loss == COTANGENT:
        given = [name for name in module.STATES if f"G_{name}" in arrays]
        final = sum(((arrays[f"G_{name}"] / n * getattr(tape, name)[-1]).sum() for name in given), x.dtype.type(0))
        value = (arrays["G"] / n * h).sum() + final
    else:
        z = h @ arrays["W_hy"].T + arrays["b_y"] if model.readout else h  # T B K
        value = LOSSES[model.loss](z, arrays["y"])[0] / n
    return value


def loss_in_torch(case: Case) -> Callable[[Mapping[str, np.ndarray]], np.floating]:
    """The same from ``torch.nn.LSTM``, as the forward of somebody who works in PyTorch; for the loss ``cotangent``."""
    import torch

    D, H = case.sizes["D"], case.sizes["H"]
    lstm = torch.nn.LSTM(D, H, dtype=torch.float64)
    given = {name: torch.from_numpy(array) for name, array in case.copies().items()}
    names = {"W_ih": "weight_ih_l0", "W_hh": "weight_hh_l0", "b_ih": "bias_ih_l0", "b_hh": "bias_hh_l0"}

    def loss(arrays: Mapping[str, np.ndarray]) -> np.floating:
        at = given | {name: torch.from_numpy(array) for name, array in arrays.items()}
        parameters = {theirs: at[ours] for ours, theirs in names.items()}
        with torch.no_grad():
            h, (h_T, c_T) = torch.func.functional_call(
                lstm, parameters, (at["x"], (at["h0"].unsqueeze(0), at["c0"].unsqueeze(0)))
            )
            total = (at["G"] * h).sum() + (at["G_h"] * h_T[0]).sum() + (at["G_c"] * c_T[0]).sum()
        return np.float64(total.item())

    return loss


def loss_step_by_step(case: Case) -> Callable[[Mapping[str, np.ndarray]], np.floating]:
    """The same from the equations in PyTorch, one step after the other, as people write a cell of their own."""
    import torch

    from references.equations import forward
    from references.torch_autograd import TorchOps

    given = {name: torch.from_numpy(array) for name, array in case.model.for_equations(case.arrays).items()}

    def loss(arrays: Mapping[str, np.ndarray]) -> np.floating:
        at = given | {name: torch.from_numpy(array) for name, array in arrays.items()}
        with torch.no_grad():
            return np.float64(forward(case.model, TorchOps(), at).loss.item())

    return loss
