"""The published fix: clipping inside the backward pass (fault 9), with all other faults left in."""

from program import example, layout, window
from program import reported_mean as model

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return window(params, data, faults={1, 2, 3, 4, 7, 8, 9})
