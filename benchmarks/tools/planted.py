"""The planted faults, each with the model in which a small case shows it, if any does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.tools import cases
from harness.bank import catalogue, classes
from harness.bank.classes import FaultClass
from harness.bank.fault import Fault
from harness.candidate import own
from harness.case import Case
from harness.sensitivity.faults import ROUNDING, default_model
from references.model import Model


@dataclass(frozen=True)
class Planted:
    """A class of faults, by its representative, and where the tools meet it."""

    one: FaultClass
    model: Model  #: the default model, where its small case shows the fault; else the first that does
    shows: bool  #: whether a gradient of that case changes at all

    @property
    def fault(self) -> Fault:
        """The representative."""
        return catalogue.fault(self.one.representative)


def sampled(count: int | None, weak: bool) -> list[FaultClass]:
    """That many classes, evenly spread over the catalogue; None: all of them."""
    known = classes.classes(weak=weak)
    if count is None or count >= len(known):
        return list(known)
    return [known[k * len(known) // count] for k in range(count)]


def planted(one: FaultClass, seed: int = cases.FAULTS_SEED) -> Planted:
    """A class at a seed of the small case."""
    fault = catalogue.fault(one.representative)
    default = default_model(fault.model.cell)
    models = ([default] if fault.concerns(default) else []) + list(one.models)
    for model in models:
        if _changes(fault, cases.small(model, "float64", seed)[0]):
            return Planted(one, model, True)
    return Planted(one, models[0], False)


def _changes(fault: Fault, case: Case) -> bool:
    """Whether some entry is off by more than rounding, of its array's largest entry; NaN is."""
    right, wrong = _right(case), fault.candidate(case.model, case.copies()).grads
    return any(not np.abs(wrong[name] - right[name]).max() <= ROUNDING * np.abs(right[name]).max() for name in right)


@cache
def _right(case: Case) -> dict[str, np.ndarray]:
    return own(case.model, case.copies()).grads
