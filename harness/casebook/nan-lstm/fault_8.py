"""Fault 8 alone: the loss that is reported is the window's mean, the gradient is that of its sum."""

from program import example, layout, window
from program import reported_mean as model

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return window(params, data, faults={8})
