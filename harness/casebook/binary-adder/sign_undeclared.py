"""The binary adder by somebody who does not say that the updates are minus the gradient."""

from right import example, layout, loss_and_grads, model

__all__ = ["example", "layout", "loss_and_grads", "model"]
