"""Clipping of gradients: a function of its own, outside the backward pass, whose result then stays the gradient."""

from collections.abc import Mapping

import numpy as np


def clip_elementwise(grads: Mapping[str, np.ndarray], limit: float) -> dict[str, np.ndarray]:
    """Each entry held within [−limit, limit]; new arrays, the given ones stay as they are."""
    return {name: np.clip(grad, -limit, limit) for name, grad in grads.items()}
