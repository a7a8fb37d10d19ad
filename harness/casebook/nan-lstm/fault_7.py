"""Fault 7 alone: the softmax does not subtract its largest logit, and overflows from logits of 710 on."""

from program import example, layout, model, window

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return window(params, data, faults={7})
