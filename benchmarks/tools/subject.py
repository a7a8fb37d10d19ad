"""What a tool is given: a loss and its gradients as functions of the differentiated arrays, and a point."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.tools.forward import loss_alone
from harness.candidate import Candidate
from harness.case import Case

Arrays = Mapping[str, np.ndarray]
Loss = Callable[[Arrays], np.floating]


@dataclass(frozen=True, eq=False)
class Subject:
    """A candidate on a case, as the user of a tool would hand it over."""

    arrays: Arrays  #: the differentiated ones
    loss: Loss
    gradients: Callable[[Arrays], Arrays]

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """That of all arrays."""
        return next(iter(self.arrays.values())).dtype


def subject(candidate: Candidate, case: Case, loss: Loss | None = None) -> Subject:
    """A candidate on a case. ``loss`` stands in for that of the case."""
    names = case.model.graded

    def gradients(arrays: Arrays) -> Arrays:
        grads = candidate(case.model, {**case.copies(), **arrays}).grads
        return {name: np.ascontiguousarray(grads[name]) for name in names}  # torch takes no reversed views

    return Subject({name: case.arrays[name].copy() for name in names}, loss or loss_of(case), gradients)


def loss_of(case: Case) -> Loss:
    """The case's loss as a function of its differentiated arrays."""
    return lambda arrays: loss_alone(case.model, {**case.arrays, **arrays})


def remembered(loss: Loss) -> Loss:
    """The same, computed once per point: all candidates have one forward, and differences ask for the same points.

    It saves time only; where time is measured, every loss is computed.
    """
    known: dict[bytes, np.floating] = {}

    def recalled(arrays: Arrays) -> np.floating:
        point = hashlib.blake2b(b"".join(array.tobytes() for array in arrays.values()), digest_size=16).digest()
        if point not in known:
            known[point] = loss(arrays)
        return known[point]

    return recalled
