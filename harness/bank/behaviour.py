"""What faults do: their gradients on small cases of several lengths, batches and cotangent scales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from handgrad import cells
from handgrad.model import COTANGENT
from harness.bank.fault import Fault
from harness.candidate import own
from harness.case import from_seed
from references.model import Model

#: T and B of the trials; the last is longer than any truncation
_LENGTHS = ((1, 1), (1, 3), (5, 1), (5, 3), (9, 2), (23, 3))
#: T and B of what else is tried: scales of the cotangent, reductions, activations
_USUAL = (5, 3)
#: a clip shows at a large cotangent, an offset at a small one
_SCALES = (1e-5, 1e6)
#: large enough for a clip to show behind a mean, and small enough for its limit to show
_SCALE_OF_MEAN = 100
_REST = {"D": 6, "H": 4, "K": 7}
#: losses whose cotangent has any size that the targets give it; the last reads the first hidden unit
_UNBOUNDED = ("half-squared-error", "squared-error", "first-unit-squared-error")

Arrays = dict[str, np.ndarray]


class Trial(NamedTuple):
    """A case and its sound gradients, one behind the other."""

    model: Model
    arrays: Arrays
    names: tuple[str, ...]
    starts: np.ndarray  #: where each array begins
    sound: np.ndarray


@cache
def trials(model: Model) -> tuple[Trial, ...]:
    """The cases on which faults that concern ``model`` are compared; some have another activation or reduction."""
    return tuple(_trial(model, arrays) for model, arrays in _cases(model))


def _cases(model: Model) -> Iterator[tuple[Model, Arrays]]:
    for seed, lengths in enumerate(_LENGTHS):
        yield model, _drawn(model, lengths, seed)
    mean = replace(model, reduction="mean")
    if model.loss == COTANGENT or model.loss in _UNBOUNDED:
        for seed, scale in enumerate(_SCALES, start=10):
            yield model, _scaled(model, _drawn(model, _USUAL, seed), scale)
        yield mean, _scaled(mean, _drawn(mean, _USUAL, 20), _SCALE_OF_MEAN)
    else:
        yield mean, _drawn(mean, _USUAL, 20)
    for seed, activation in enumerate(cells.get(model.cell).ACTIVATIONS[1:], start=30):
        other = replace(model, activation=activation)
        yield other, _drawn(other, _USUAL, seed)


def _drawn(model: Model, lengths: tuple[int, int], seed: int) -> Arrays:
    return from_seed(model, {**dict(zip("TB", lengths, strict=True)), **_REST}, seed=seed).copies()


def _scaled(model: Model, arrays: Arrays, scale: float) -> Arrays:
    """The same with a cotangent of that scale: as given, or by the distance of the predictions from the targets."""
    if model.loss == COTANGENT:
        return arrays | {name: scale * arrays[name] for name in ("G", *model.optional)}
    trace = own(model, arrays).trace
    z = trace["z"] if model.readout else trace["h"][..., 0]
    return arrays | {"y": z - scale * arrays["y"]}


def _trial(model: Model, arrays: Arrays) -> Trial:
    grads = own(model, arrays).grads
    names = tuple(sorted(grads))
    starts = np.cumsum([0, *(grads[name].size for name in names[:-1])])
    return Trial(model, arrays, names, starts, _row(grads, names))


def _row(grads: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    return np.concatenate([grads[name].ravel() for name in names])


def gradients(fault: Fault, trial: Trial) -> np.ndarray:
    """A fault's gradients of a trial, one behind the other; what is not finite counts as huge."""
    grads = fault.candidate(trial.model, trial.arrays).grads
    row: np.ndarray = np.nan_to_num(_row(grads, trial.names), nan=1e300, posinf=1e300, neginf=-1e300)
    return row
