"""Fault 9 alone, which came with the published fix: dh and dc are clipped to [−6, 6] on their way back."""

from program import example, layout, model, window

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return window(params, data, faults={9})
