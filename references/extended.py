"""Reverse mode in extended precision: the equations in NumPy's longdouble. The default truth.

On x86 a longdouble has 64 bits of precision where float64 has 53, so its gradient is exact to about 1/1000 ulp of
float64. On platforms whose longdouble is no wider than the case's dtype it cannot be the truth, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from references.arithmetic import Floats
from references.graph import record
from references.model import Model
from references.protocol import Answer
from references.reverse import Reverse

NAME = "extended"
SUMMARY = "reverse mode through the equations in NumPy's longdouble: the truth"
NEEDS = ("numpy",)
EXTRA = ""
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


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace in longdouble, whatever the arrays' dtype."""
    ready = model.for_equations(arrays, np.longdouble)
    graph = record(model, {name: array.shape for name, array in ready.items()})
    # Of cosh² in tanh's slope ∞ gives the right 0; of a network that explodes, NaN is the answer.
    with np.errstate(over="ignore", invalid="ignore"):
        done = Reverse(graph, ready, Floats())
    return Answer(
        np.asarray(done.loss),
        {name: done.gradient(name) for name in model.differentiated},
        {name: done.quantity(name) for name in done.quantities},
        model.received(ready, arrays),
    )
