"""Theano, as PyTensor keeps it alive: a symbolic graph with scan over time, and its symbolic gradient.

The graph is evaluated as it was written, operation by operation in NumPy: no rewriting of formulas, which could change
their precision, and no compiler. For a graph that runs once, that is also the fastest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from references.equations import forward
from references.model import Model
from references.ops import Array, States, Step
from references.protocol import Answer

NAME = "theano"
SUMMARY = "PyTensor, the heir of Theano: symbolic gradient of the equations, scan over time"
NEEDS = ("pytensor",)
EXTRA = "theano"
WORKER = "pytensor"
DEFAULT = False


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


def _pytensor(module: str = "") -> Any:
    """PyTensor, or a module of it; without its types, which are incomplete, and absent where it is not installed."""
    return import_module(f"pytensor{module}")


class _Ops:
    def __init__(self) -> None:
        pt = self._pt = _pytensor(".tensor")
        self.sigmoid, self.tanh, self.softplus, self.sum = pt.sigmoid, pt.tanh, pt.softplus, pt.sum

    def relu(self, a: Array) -> Array:
        return self._pt.switch(a > 0, a, 0)

    def identity(self, a: Array) -> Array:
        return a

    def parameter(self, name: str, array: Array) -> Array:
        return array

    def logsumexp(self, a: Array) -> Array:
        # PyTensor's own relies on a rewriting to be shifted by the largest entry, which is a constant here.
        largest = _pytensor(".gradient").disconnected_grad(self._pt.max(a, axis=-1, keepdims=True))
        return self._pt.log(self._pt.sum(self._pt.exp(a - largest), axis=-1, keepdims=True)) + largest

    def scan(self, step: Step, states: States, xs: Array) -> tuple[States, Mapping[str, Array]]:
        names = list(step(states, xs[0])[1])

        def flat(x: Array, *before: Array) -> list[Array]:
            after, kept = step(dict(zip(states, before, strict=True)), x)
            return [*after.values(), *kept.values()]

        starts = [*states.values(), *[None] * len(names)]
        found = _pytensor().scan(flat, xs, starts, mode=_mode(), return_list=True, return_updates=False)
        final = {name: sequence[-1] for name, sequence in zip(states, found, strict=False)}
        return final, dict(zip(names, found[len(states) :], strict=True))


@cache
def _mode() -> Any:
    """The graph as it is, run by NumPy: nothing is rewritten or compiled."""
    linker = _pytensor(".link.vm").VMLinker(use_cloop=False, c_thunks=False)
    return _pytensor(".compile.mode").Mode(linker, "minimum_compile")


@cache
def _compiled(model: Model, dtype: str, ndims: tuple[tuple[str, int], ...]) -> tuple[Any, list[str]]:
    """A function of the divisor and the given arrays, and the names of what it returns; it returns the arrays, too."""
    pytensor, pt = _pytensor(), _pytensor(".tensor")
    given = {name: pt.tensor(name, dtype=dtype, shape=(None,) * ndim) for name, ndim in ndims}
    divisor = pt.scalar("divisor", dtype=dtype)
    outcome = forward(replace(model, reduction="sum"), _Ops(), given)  # dividing by an integer would widen float32
    loss = outcome.loss / divisor
    grads = pytensor.grad(loss, [given[name] for name in model.differentiated])
    found = {"loss": loss}
    found |= {f"grads/{name}": grad for name, grad in zip(model.differentiated, grads, strict=True)}
    found |= {f"trace/{name}": value for name, value in outcome.trace.items()}
    found |= {f"given/{name}": array for name, array in given.items()}
    return pytensor.function([divisor, *given.values()], [*found.values()], mode=_mode()), list(found)


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace, at the arrays' dtype; by NumPy, whatever the device."""
    ready = model.for_equations(arrays)
    dtype = ready["x"].dtype
    # With a C++ compiler it would compile all the same, into a folder of the user's. Scan's gradients begin at floatX.
    with _pytensor().config.change_flags(cxx="", floatX=str(dtype)):
        run, names = _compiled(model, str(dtype), tuple((name, array.ndim) for name, array in ready.items()))
        values = run(dtype.type(model.divisor(*arrays["x"].shape[:2])), *ready.values())
    found = {name: np.asarray(value) for name, value in zip(names, values, strict=True)}

    def under(prefix: str) -> dict[str, np.ndarray]:
        return {name.removeprefix(prefix): array for name, array in found.items() if name.startswith(prefix)}

    return Answer(found["loss"], under("grads/"), under("trace/"), model.received(under("given/"), arrays))
