"""Which line of a candidate's source is wrong: found by mending it in its worker process, on small cases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.candidates.process import CandidateFailed
from harness.case import Case
from harness.diagnosed import Place
from harness.diagnosis.lines.entries import entries
from harness.diagnosis.lines.work import DONE, FAILED, RIGHT
from harness.errors import BadInput
from harness.laid import Laid
from references import extended

#: pairwise distinct, and no sum or product of some that code stacks or flattens is another; x is one-hot with T B ≤ D
_SMALL = {"T": 3, "B": 2, "D": 7, "H": 5, "K": 9}
_OTHER = {"T": 5, "B": 3, "D": 8, "H": 6, "K": 11}
_LONG, _LONGER = _SMALL | {"T": 7}, _OTHER | {"T": 9}
#: for candidates whose inputs and outputs are of one size
_ONE_SIZE, _OTHER_SIZE = _SMALL | {"K": 7}, _OTHER | {"K": 8}
#: how much larger cotangents are made for what is clipped
_LOUD = 100.0


@dataclass(frozen=True)
class Localised:
    """Where a candidate is wrong, as far as that could be found."""

    places: tuple[Place, ...]  #: confirmed first, in the order of mending, then inputs, then at most five suspects
    confirmed: bool  #: with all confirmed mends every output is right
    notes: tuple[str, ...]
    runs: int  #: how often the candidate was run


def _silent(words: str, share: float) -> None:
    """Progress that nobody wants to see."""


def localise(laid: Laid, progress: Callable[[str, float], None] = _silent, seconds: float = 10.0) -> Localised:
    """The lines of a candidate that make its gradients wrong; none where they are right on the cases tried.

    The candidate runs in its worker, under that one's time limit; all of it takes about ``seconds``.
    """
    until = time.monotonic() + seconds
    notes: list[str] = []
    runs = 0
    for pair in _pairs(laid):
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            cases = [_packed(laid, case) for case in pair]
            done = laid.process.localise(cases, left, lambda share: progress("localise", share))
        except CandidateFailed as error:
            notes.append(f"instrumented, it failed: {error}")
            continue
        runs += done["runs"]
        if done["how"] == DONE:
            places = tuple(Place(**place) for place in done["places"])
            return Localised(places, done["confirmed"], tuple(done["notes"]), runs)
        if done["how"] == FAILED:
            notes += done["notes"]
        if done["how"] == RIGHT:
            notes.clear()
    notes = list(dict.fromkeys(notes))[:1] or ["on the small cases that were tried every gradient is right"]
    return Localised((), False, tuple(notes), runs)


def _pairs(laid: Laid) -> Iterator[tuple[Case, Case]]:
    """Cases to find the line on, each with one to check it on: the first on which the candidate is wrong serves."""
    for one, other, change in (
        (_SMALL, _OTHER, _told_apart),
        (_LONG, _LONGER, _as_it_is),
        (_SMALL, _OTHER, _loud),
        (_ONE_SIZE, _OTHER_SIZE, _told_apart),
        ({}, {}, _as_it_is),
    ):
        try:
            first, second = (laid.layout.case(sizes, seed=seed) for seed, sizes in enumerate((one, other)))
        except BadInput:  # sizes that a layout cannot have
            continue
        changed = change(first)
        first = first if laid.layout.fits(changed) else changed
        yield first, _loud(second) if change is _loud else second


def _as_it_is(case: Case) -> Case:
    return case


def _told_apart(case: Case) -> Case:
    """The case with inputs that are one-hot, another for each step and batch entry: dW_ih then shows every da."""
    T, B, D = case.arrays["x"].shape
    if T * B > D:
        return case
    x = np.eye(D, dtype=case.dtype)[np.arange(T * B)].reshape(T, B, D)
    return replace(case, arrays={**case.arrays, "x": x})


def _loud(case: Case) -> Case:
    """The case with large adjoints."""
    name = "W_hy" if case.model.readout else "G" if "G" in case.arrays else "y"
    array = case.arrays[name]
    return case if array.dtype.kind == "i" else replace(case, arrays={**case.arrays, name: array * _LOUD})


def _packed(laid: Laid, case: Case) -> dict[str, Any]:
    """The case as the worker has it: the candidate's arguments, right answers, right quantities."""
    answer = extended.gradients(case.model, case.arrays)
    right = laid.subject(case).named(answer).grads
    multiple = laid.about.multiple(case.sizes)
    params, data = laid.layout.given(case.arrays, laid.params, laid.data)
    _, other = laid.layout.given({**case.arrays, **_others(case)}, laid.params, laid.data)
    return {
        "params": params,
        "data": data,
        "other": other,
        "loss": float(answer.loss),
        "right": {name: np.asarray(grad, float) for name, grad in right.items()},
        "T": case.sizes["T"],
        "entries": [tuple(entry) for entry in entries(case, laid.layout, multiple)],
    }


def _others(case: Case) -> Mapping[str, np.ndarray]:
    """Other targets or cotangents."""
    K = case.sizes["K"]
    return {
        name: (array + 1) % K if array.dtype.kind == "i" else 0.6 * array + array.dtype.type(0.3)
        for name, array in case.arrays.items()
        if name in ("y", "G", "G_h", "G_c")
    }
