"""Clipping of gradients: functions of their own, outside the backward pass, whose result then stays the gradient.

Each entry by itself (Mikolov, "Statistical Language Models Based on Neural Networks", 2012), or all of them by their
common norm, which keeps their direction (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
networks", 2013).
"""

import math
from collections.abc import Mapping

import numpy as np


def clip_elementwise(grads: Mapping[str, np.ndarray], limit: float, *, in_place: bool = False) -> dict[str, np.ndarray]:
    """Each entry held within [−limit, limit]; NaN stays NaN.

    New arrays, unless ``in_place``: then the given ones are changed, and returned.
    """
    clipped = {name: np.minimum(grad, limit, out=grad if in_place else None) for name, grad in grads.items()}
    for grad in clipped.values():
        np.maximum(grad, -limit, out=grad)
    return clipped


def clip_norm(grads: Mapping[str, np.ndarray], limit: float, *, in_place: bool = False) -> dict[str, np.ndarray]:
    """All entries of all arrays times limit ÷ ‖grads‖, where that norm is above ``limit``; as they are where it is not.

    Where an entry is not finite, there is no norm to scale by: then nothing is scaled, and the entry still shows. New
    arrays, unless ``in_place``: then the given ones are changed, and returned.
    """
    norm = global_norm(grads)
    factor = limit / norm if limit < norm < math.inf else 1.0
    if in_place:
        if factor < 1:
            for grad in grads.values():
                np.multiply(grad, factor, out=grad)
        return dict(grads)
    return {name: grad * factor for name, grad in grads.items()}


def global_norm(grads: Mapping[str, np.ndarray]) -> float:
    """√ of the sum of the squares of all entries of all arrays; infinite or NaN only where an entry is."""
    norm = math.sqrt(sum([float(np.vdot(grad, grad)) for grad in grads.values()]))
    if 1e-12 < norm < math.inf:  # what vanished in float32 beside that does not count
        return norm
    # Squares overflow or vanish long before their root does: once more, as multiples of the largest entry.
    largest = float(np.max([np.abs(grad).max(initial=0) for grad in grads.values()], initial=0))
    if not 0 < largest < math.inf:
        return largest
    return largest * math.sqrt(sum([float(np.square(grad / largest).sum()) for grad in grads.values()]))
