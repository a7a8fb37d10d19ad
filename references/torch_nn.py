"""PyTorch's own ``nn.RNN`` and ``nn.LSTM``: equations that are not ours, which pins ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from references.model import Model
from references.protocol import Answer
from references.torch_autograd import answer, tensors

if TYPE_CHECKING:
    import torch

NAME = "torch-nn"
SUMMARY = "PyTorch's own nn.RNN and nn.LSTM, and its own losses"
NEEDS = ("torch",)
EXTRA = "torch"
WORKER = "torch"
DEFAULT = True

#: (cell, activation) → the class in torch.nn, and its arguments
_LAYERS: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("rnn", "tanh"): ("RNN", {"nonlinearity": "tanh"}),
    ("rnn", "relu"): ("RNN", {"nonlinearity": "relu"}),
    ("lstm", "tanh"): ("LSTM", {}),
}


def unsupported(model: Model) -> str:
    """It has the cells that torch.nn has."""
    if (model.cell, model.activation) in _LAYERS:
        return ""
    return f"torch.nn has no {model.cell} with activation {model.activation}"


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace (h and the readout: the layer shows no more), at the arrays' dtype."""
    import torch

    given = tensors(model, arrays, device)
    kind, options = _LAYERS[model.cell, model.activation]
    D, H = arrays["x"].shape[2], arrays["h0"].shape[1]
    with torch.random.fork_rng(devices=[]):  # the layer draws weights, which the case's replace
        layer = getattr(torch.nn, kind)(D, H, dtype=given["x"].dtype, **options)
    weights = {f"{name}_l0": given[kept] for name, kept in _WEIGHTS.items()}
    states = [given[f"{state}0"][None] for state in model.equations.STATES]  # 1 B H each
    start = tuple(states) if len(states) > 1 else states[0]
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # on a GPU float32 is to mean float32
        h, last = torch.func.functional_call(layer, weights, (given["x"], start))
        final = dict(zip(model.equations.STATES, last if len(states) > 1 else (last,), strict=True))
        trace = {"h": h}
        z = h
        if model.readout:
            z = trace["z"] = torch.nn.functional.linear(h, given["W_hy"], given["b_y"])
        loss = _loss(model, z, h, {state: value[0] for state, value in final.items()}, given, arrays)
        return answer(model, arrays, given, loss / model.divisor(*arrays["x"].shape[:2]), trace)


_WEIGHTS = {"weight_ih": "W_ih", "weight_hh": "W_hh", "bias_ih": "b_ih", "bias_hh": "b_hh"}


def _loss(
    model: Model,
    z: torch.Tensor,
    h: torch.Tensor,
    final: Mapping[str, torch.Tensor],
    given: Mapping[str, torch.Tensor],
    arrays: Mapping[str, np.ndarray],
) -> torch.Tensor:
    """The loss, from torch.nn.functional where it has it."""
    import torch
    import torch.nn.functional as F

    if model.loss == "cotangent":
        pairs = [(h, given["G"]), *((final[state], given[f"G_{state}"]) for state in final if f"G_{state}" in given)]
        return torch.stack([torch.tensordot(v, G, dims=v.ndim) for v, G in pairs]).sum()
    if model.loss == "softmax-cross-entropy":
        indices = torch.tensor(arrays["y"], device=z.device).flatten()
        return F.cross_entropy(z.flatten(0, 1), indices, reduction="sum")
    if model.loss == "binary-cross-entropy":
        return F.binary_cross_entropy_with_logits(z, given["y"], reduction="sum")
    if model.loss == "first-unit-squared-error":
        return F.mse_loss(z[..., 0], given["y"], reduction="sum")
    prediction = torch.sigmoid(z) if model.loss.startswith("sigmoid") else z
    error = F.mse_loss(prediction, given["y"], reduction="sum")
    return error / 2 if "half" in model.loss else error
