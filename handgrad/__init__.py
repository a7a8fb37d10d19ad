"""Hand-derived backward passes of recurrent networks, in NumPy alone."""

from handgrad.clipping import clip_elementwise, clip_norm
from handgrad.model import Gradients, loss_and_grads
from handgrad.workspace import Workspace

__all__ = ["Gradients", "Workspace", "clip_elementwise", "clip_norm", "loss_and_grads"]
