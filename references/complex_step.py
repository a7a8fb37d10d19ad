"""Complex step: the equations in NumPy's complex longdouble, one element moved by i·h; its derivative is Im L ÷ h.

Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", 1998. Nothing is subtracted, so h
may be so small that h² is lost beside any real part, and the derivative is exact to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from references.model import Model
from references.ops import Array
from references.perturbed import PerturbedOps, losses, over_elements, unmoved
from references.protocol import Answer

NAME = "complex-step"
SUMMARY = "the equations in NumPy's complex longdouble, one element after the other moved by i·h"
NEEDS = ("numpy",)
EXTRA = ""
WORKER = "numpy"
DEFAULT = False

#: About 1e-200, and a power of two, by which dividing is exact. Where longdouble is double, its square underflows and
#: derivatives down to 1e-108 keep their precision.
STEP = 2.0**-664


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


class ComplexOps(PerturbedOps):
    """The equations' functions continued into the complex plane; where one of them branches, the real part decides."""

    def tanh(self, a: Array) -> Array:
        """The hyperbolic tangent."""
        return np.tanh(a)

    def sigmoid(self, a: Array) -> Array:
        """Each side by the form whose exponential cannot overflow."""
        positive = a.real > 0
        e = np.exp(np.where(positive, -a, a))
        return np.where(positive, 1, e) / (1 + e)

    def relu(self, a: Array) -> Array:
        """The argument where its real part is positive."""
        return np.where(a.real > 0, a, 0)

    def softplus(self, a: Array) -> Array:
        """ln(1 + eᵃ) = a + ln(1 + e⁻ᵃ)."""
        positive = a.real > 0
        return np.where(positive, a, 0) + np.log(1 + np.exp(np.where(positive, -a, a)))

    def logsumexp(self, a: Array) -> Array:
        """Shifted by the largest real part, which is a constant."""
        largest = a.real.max(axis=-1, keepdims=True)
        return np.log(np.exp(a - largest).sum(axis=-1, keepdims=True)) + largest


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace in longdouble, whatever the arrays' dtype."""
    ready = model.for_equations(arrays, np.clongdouble)
    ops = ComplexOps()

    def derive(name: str, which: np.ndarray) -> np.ndarray:
        return losses(model, ops, ready, name, which, 1j * STEP).imag / STEP

    with np.errstate(all="ignore"):  # h² underflows, as it should
        loss, trace = unmoved(model, ComplexOps(traced=True), ready, rows=1)
        grads = over_elements(model, ready, trace, 1, derive)
    values = {name: value.real for name, value in trace.items()}
    received = model.received({name: array.real for name, array in ready.items()}, arrays)
    return Answer(np.asarray(loss.sum().real), grads, values, received)
