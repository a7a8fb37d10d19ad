"""Fault 4 alone: a step that expects (c, h) is called with (h, c), and the states swap roles at every step."""

from program import example, layout, model, window

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return window(params, data, faults={4})
