"""The cases that a candidate is asked about, so that its equations can be told apart from outside.

Inputs are one-hot, a different one for every step and batch entry: a column of dW_ih is then one step's accumulated
adjoint of the pre-activations. It costs no generality, as any input contribution is a column of W_ih.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.candidate import own
from harness.case import Case
from harness.diagnosis.known_trials import scaled
from harness.errors import BadInput
from references.equations import losses
from references.model import Model

Make = Callable[[Mapping[str, int], int], Case]
_BASE = {"T": 3, "B": 2, "D": 7, "H": 2, "K": 3}
#: longer than the usual truncations
_LONG = {"T": 10, "B": 1, "D": 11, "H": 2, "K": 3}
_LOUD, _SMALL = 1e6, 1e-5
QUIET = "quiet"
#: where units may be dead, cases are drawn until so much of a gradient is not zero
_ALIVE, _SEEDS = 0.95, range(5, 15)


@dataclass(frozen=True)
class Probe:
    """A case, and what it is for."""

    name: str
    case: Case
    #: where its gradients are wrong, one of these equations is: kinds of quantities that are not zero in it
    entries_only: bool = False


def probes(model: Model, make: Make) -> Iterator[Probe]:
    """All that a model allows; the first is the one that adjoints are read from."""
    base = _liveliest(model, make)
    if base is None:
        return
    yield Probe("base", base)
    for name, scale in (("loud", _LOUD), (QUIET, _SMALL)):
        case = scaled(base, scale)
        if case is not None:
            yield Probe(name, case)
    long = _made(make, _LONG, 6)
    if long is not None and long.sizes["T"] > base.sizes["T"]:
        yield Probe("long", long)
    if model.loss != losses.COTANGENT:
        return
    ends = [name for name in model.optional if name in base.arrays]
    if ends:
        yield Probe("steps alone", _with(base, dict.fromkeys(ends, 0.0)))
        yield Probe("ends alone", _with(base, {"G": 0.0}))
    for name, t in (("first step alone", 0), ("last step alone", -1)):
        G = np.zeros_like(base.arrays["G"])
        G[t] = base.arrays["G"][t]
        yield Probe(name, _with(base, {"G": G, **dict.fromkeys(ends, 0.0)}))
    yield Probe("silent", _with(base, dict.fromkeys(("G", *ends), 0.0)))
    first = model.equations.STATES[0]
    if f"G_{first}" in ends:  # what comes at the end from one side is taken back from the other
        G = np.zeros_like(base.arrays["G"])
        G[-1] = -base.arrays[f"G_{first}"]
        others = {name: 0.0 for name in ends if name != f"G_{first}"}
        yield Probe("taken back", _with(base, {"G": G, **others}), entries_only=True)


def _liveliest(model: Model, make: Make) -> Case | None:
    """The case of most entries that are not zero, of the first draws: a ReLU's units can all be dead."""
    best: tuple[float, Case] | None = None
    for seed in _SEEDS:
        case = _made(make, _BASE, seed)
        if case is None:
            return None
        columns = case.arrays["x"].any(axis=(0, 1))
        alive = float((own(model, case.copies()).grads["W_ih"][:, columns] != 0).mean())
        if best is None or alive > best[0]:
            best = alive, case
        if alive >= _ALIVE:
            break
    return best[1] if best else None


def _made(make: Make, sizes: Mapping[str, int], seed: int) -> Case | None:
    """A case of one-hot inputs, as far as the candidate takes them."""
    try:
        case = make(sizes, seed)
    except BadInput:  # a layout that has no case of these sizes
        return None
    T, B, D = case.arrays["x"].shape
    if T * B > D:
        return case
    given = case.arrays["x"].any(axis=-1, keepdims=True)  # a step for which the candidate has no input stays zero
    return _with(case, {"x": np.eye(T * B, D).reshape(T, B, D) * given})


def _with(case: Case, arrays: Mapping[str, np.ndarray | float]) -> Case:
    new = {name: np.broadcast_to(value, case.arrays[name].shape).astype(case.dtype) for name, value in arrays.items()}
    return replace(case, arrays={**case.arrays, **new})
