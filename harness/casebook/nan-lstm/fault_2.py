"""Fault 2 alone: the slope of the candidate is 1 − tanh(c̃)², of a candidate that tanh was already applied to."""

from program import example, layout, model, window

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return window(params, data, faults={2})
