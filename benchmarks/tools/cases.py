"""The cases: small ones for tools that take differences, the same for all of them, and sound ones of many scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from benchmarks.tools.subject import Loss, loss_of, remembered
from harness.case import Case, from_seed
from references import equations
from references.equations import losses
from references.model import Model

#: Pairwise distinct, and small: slow tools take two losses or more per entry of the gradient.
SIZES = {"T": 5, "B": 2, "D": 3, "H": 4, "K": 6}
#: The root mean square of every weight matrix; from saturated to nearly linear.
SCALES = (1e-3, 1e-2, 1e-1, 1.0, 3.0)

#: Seeds of what is judged, and of what settings are chosen by: no case serves both.
FAULTS_SEED, CHOOSING_SEED = 0, 1
JUDGED_SEEDS = range(100, 103)
CALIBRATION_SEEDS = range(200, 203)

#: A case and its loss, computed once per point.
Posed = tuple[Case, Loss]


@cache
def small(model: Model, dtype: str, seed: int) -> Posed:
    """The default case of a model at small sizes, and its loss."""
    case = from_seed(model, SIZES, dtype, seed)
    return case, remembered(loss_of(case))


@cache
def sound(dtype: str, seeds: Sequence[int]) -> tuple[Posed, ...]:
    """Both cells with every loss at every scale of weights, for each seed."""
    cases = (_scaled(from_seed(model, SIZES, dtype, s), scale) for s in seeds for model in models() for scale in SCALES)
    return tuple((case, remembered(loss_of(case))) for case in cases)


def models() -> list[Model]:
    """Every cell with every loss: the default activation, which has no kinks, sums, two biases."""
    return [
        Model(cell, equations.cell(cell).ACTIVATIONS[0], loss, "sum", 2, loss not in losses.ON_HIDDEN)
        for cell in equations.cells()
        for loss in losses.NAMES
    ]


def _scaled(case: Case, scale: float) -> Case:
    arrays = {
        name: array * array.dtype.type(scale / np.sqrt(np.mean(np.square(array)))) if name.startswith("W_") else array
        for name, array in case.arrays.items()
    }
    return replace(case, arrays=arrays, source=f"{case.source}, weights around {scale:g}")
