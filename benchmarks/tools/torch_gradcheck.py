"""`torch.autograd.gradcheck`: every entry of the gradient against central differences, or one random projection."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

from benchmarks.tools.settings import Settings
from benchmarks.tools.subject import Subject

#: Those of its signature.
DEFAULT = Settings(eps=1e-6, atol=1e-5, rtol=1e-3)


def slow(subject: Subject, settings: Settings) -> bool:
    """Whether it accepts a subject, entry by entry."""
    return _accepts(subject, settings, fast_mode=False)


def fast(subject: Subject, settings: Settings) -> bool:
    """Whether it accepts a subject, per array by one random projection."""
    return _accepts(subject, settings, fast_mode=True)


def _accepts(subject: Subject, settings: Settings, fast_mode: bool) -> bool:
    import torch
    from torch.autograd.gradcheck import GradcheckError, gradcheck

    loss = _loss()
    tensors = [torch.tensor(array, requires_grad=True) for array in subject.arrays.values()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that float32 is not precise enough for it
        try:
            gradcheck(lambda *v: loss.apply(subject, *v), tensors, fast_mode=fast_mode, **settings.given())
        except GradcheckError:
            return False
    return True


@cache
def _loss() -> Any:
    """The `torch.autograd.Function` that hands a subject's gradients to torch."""
    import torch

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, subject: Subject, *tensors: Any) -> Any:
            ctx.subject = subject
            ctx.save_for_backward(*tensors)
            return torch.tensor(subject.loss(_arrays(subject, tensors)))

        @staticmethod
        def backward(ctx: Any, dL: Any) -> Any:
            grads = ctx.subject.gradients(_arrays(ctx.subject, ctx.saved_tensors))
            return None, *(torch.tensor(grad) * dL for grad in grads.values())

    return Loss


def _arrays(subject: Subject, tensors: Any) -> dict[str, Any]:
    return {name: tensor.detach().numpy() for name, tensor in zip(subject.arrays, tensors, strict=True)}
