"""Reverse mode in extended precision: HIPS autograd on NumPy's longdouble, through the equations. The default truth.

On x86 a longdouble has 64 bits of precision where float64 has 53, so its gradient is exact to about 1/1000 ulp of
float64. On platforms whose longdouble is no wider than the case's dtype it cannot be the truth, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import numpy as np

from references.equations import forward
from references.model import Model
from references.ops import Array, loop
from references.protocol import Answer

NAME = "extended"
SUMMARY = "HIPS autograd, reverse mode through the equations in NumPy's longdouble: the truth"
NEEDS = ("autograd",)
WORKER = ""
DEFAULT = True


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


def too_narrow(dtype: Any) -> str:
    """Why longdouble cannot be the truth for ``dtype`` on this platform; empty where it can."""
    wide, own = np.finfo(np.longdouble), np.finfo(dtype)
    if wide.nmant > own.nmant:
        return ""
    return f"longdouble has {wide.nmant + 1} bits of precision on this platform, no more than {np.dtype(dtype)}"


class NumpyOps:
    """The equations' functions in HIPS autograd's NumPy: any float dtype."""

    def __init__(self) -> None:
        import autograd.numpy as anp
        from autograd.numpy.numpy_boxes import ArrayBox

        ArrayBox.mT = property(lambda box: anp.swapaxes(box, -1, -2))
        self._np = anp
        self.tanh, self.sum = anp.tanh, anp.sum
        self.scan = partial(loop, anp.stack)

    def sigmoid(self, a: Array) -> Array:
        """Each side by the form whose exponential cannot overflow, so that both tails keep their relative precision."""
        positive = a > 0
        e_minus = self._np.exp(-self._np.where(positive, a, 0))
        e_plus = self._np.exp(self._np.where(positive, 0, a))
        return self._np.where(positive, 1 / (1 + e_minus), e_plus / (1 + e_plus))

    def relu(self, a: Array) -> Array:
        """max(a, 0); autograd's own maximum would split the derivative at 0."""
        return self._np.where(a > 0, a, 0)

    def identity(self, a: Array) -> Array:
        """The argument."""
        return a

    def parameter(self, name: str, array: Array) -> Array:
        """The array itself."""
        return array

    def softplus(self, a: Array) -> Array:
        """ln(1 + eᵃ)."""
        return self._np.logaddexp(a, 0)

    def logsumexp(self, a: Array) -> Array:
        """Shifted by the largest entry, which is a constant here: its derivative cancels."""
        largest = np.max(_value(a), axis=-1, keepdims=True)
        return self._np.log(self._np.sum(self._np.exp(a - largest), axis=-1, keepdims=True)) + largest


@cache
def _ops() -> NumpyOps:
    return NumpyOps()


def _value(a: Array) -> np.ndarray:
    """The plain array under autograd's boxes."""
    while hasattr(a, "_value"):
        a = a._value
    return np.asarray(a)


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace in longdouble, whatever the arrays' dtype."""
    ready = model.for_equations(arrays, np.longdouble)
    return differentiate(model, ready, _ops())._replace(fingerprint=model.received(ready, arrays))


def differentiate(model: Model, arrays: Mapping[str, np.ndarray], ops: Any) -> Answer:
    """Reverse mode at the dtype of ``arrays``, which are as the equations read them; no fingerprint."""
    from autograd import make_vjp

    names = model.differentiated
    constants = {name: array for name, array in arrays.items() if name not in names}
    trace: dict[str, np.ndarray] = {}

    def loss(*leaves: Array) -> Array:
        given = {**constants, **dict(zip(names, leaves, strict=True))}
        outcome = forward(model, ops, given)
        trace.update({name: _value(value) for name, value in outcome.trace.items()})
        return outcome.loss

    with np.errstate(over="ignore"):  # cosh² in tanh's derivative: ∞ gives the right 0
        vjp, value = make_vjp(loss, tuple(range(len(names))))(*(arrays[name] for name in names))
        grads = vjp(arrays["x"].dtype.type(1))
    return Answer(np.asarray(value), dict(zip(names, grads, strict=True)), trace, "")
