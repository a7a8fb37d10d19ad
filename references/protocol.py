"""What a reference is: a module of this package with the constants and the function of `Reference`.

A reference exists by its file being here. Importing the file imports no framework: ``gradients`` does that.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module, util
from types import MappingProxyType
from typing import NamedTuple, Protocol, cast

import numpy as np

from references.model import Model


class Answer(NamedTuple):
    """What a reference gives back for a case."""

    loss: np.ndarray  #: a scalar; empty where a candidate gives none
    grads: dict[str, np.ndarray]  #: of every array that is differentiated, with its shape
    trace: dict[str, np.ndarray]  #: states, readout and, where it has them, gates; T first
    fingerprint: str  #: of what it received, read back from its own arrays
    #: How far each gradient may be from the exact one, by array and entry, where the reference itself knows.
    radius: Mapping[str, np.ndarray] = MappingProxyType({})
    proven: bool = False  #: whether the radii are proven bounds
    note: str = ""  #: what is to be said of the answer: that it is a sample, say


class Lean(NamedTuple):
    """What a training needs of a reference at every update."""

    loss: float
    grads: dict[str, np.ndarray]  #: of the arrays that were asked for
    final: dict[str, np.ndarray]  #: the states after the last step


#: Sets of a case's arrays, equal in their shapes → an answer to each. What it answers is not to be written to.
Repeated = Callable[[Sequence[Mapping[str, np.ndarray]]], list[Lean]]


class Unavailable(Exception):
    """What was asked for is not to be had on this machine. The message is one line."""


class Reference(Protocol):
    """What a reference's module has."""

    NAME: str
    SUMMARY: str  #: in one line, how it differentiates
    NEEDS: tuple[str, ...]  #: the packages that must be installed, the one that computes first
    EXTRA: str  #: the extra of this distribution that installs them
    WORKER: str  #: the worker process that it runs in, shared with references of the same framework; "" for this one
    DEFAULT: bool  #: whether it runs where none is asked for by name

    def unsupported(self, model: Model) -> str:
        """Why it does not have this model; empty where it does."""

    def gradients(self, model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
        """Loss, gradients and trace of a case, at the arrays' dtype or a wider one. May raise `Unavailable`."""


@cache
def available() -> dict[str, Reference]:
    """The references there are, by name, installed or not."""
    import references

    modules = (import_module(f"references.{m.name}") for m in pkgutil.iter_modules(references.__path__) if not m.ispkg)
    found = [cast(Reference, module) for module in modules if hasattr(module, "NAME")]
    return {reference.NAME: reference for reference in sorted(found, key=lambda reference: reference.NAME)}


def repeated(reference: Reference, model: Model, names: Sequence[str], device: str = "cpu") -> Repeated:
    """A function for many calls, without trace, that differentiates only the arrays ``names``.

    A reference may bring its own, ``repeated(model, names, device)``; else it is its ``gradients``. Both may raise
    `Unavailable`, the function also where the reference has no gradient of some entry: where it is a sample.
    """
    own: Callable[[Model, Sequence[str], str], Repeated] | None = getattr(reference, "repeated", None)
    if own is not None:
        return own(model, names, device)

    def one(arrays: Mapping[str, np.ndarray]) -> Lean:
        answer = reference.gradients(model, arrays, device)
        for name in names:
            if name not in answer.grads or np.isinf(answer.radius.get(name, 0.0)).any():
                raise Unavailable(f"{reference.NAME} does not have every entry of the gradient of {name}")
        final = {state: answer.trace[state][-1] for state in model.equations.STATES}
        return Lean(float(answer.loss), {name: answer.grads[name] for name in names}, final)

    return lambda cases: [one(arrays) for arrays in cases]


def missing(reference: Reference) -> str:
    """What must be installed before a reference can run; empty where nothing is."""
    specs = {name: util.find_spec(name) for name in reference.NEEDS}
    absent = [name for name, spec in specs.items() if spec is None or spec.origin is None]  # or a folder of that name
    return f"{' and '.join(absent)} not installed: pip install 'handgrad[{reference.EXTRA}]'" if absent else ""


def version(reference: Reference) -> str:
    """What computes: "torch 2.13.0". Reads the installed metadata; imports nothing."""
    return _version(reference.NEEDS[0])


@cache
def _version(name: str) -> str:
    for distribution in (name, f"python-{name}"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return f"{distribution} {importlib.metadata.version(distribution)}"
    return name
