"""Fault 1 alone: the slope of a gate is σ(i)(1 − σ(i)), of a gate that σ was already applied to."""

from program import example, layout, model, window

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return window(params, data, faults={1})
