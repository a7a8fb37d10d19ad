"""Fault 3 alone: dWc and dbc add up the cell's adjoint instead of the candidate's pre-activation adjoint."""

from program import example, layout, model, window

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return window(params, data, faults={3})
