"""The noise from which budgets are made: of rounding's size, never none, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from harness.case import DTYPES, from_seed
from references import equations, extended, rounding
from references.equations import losses
from references.model import Model
from references.protocol import Answer

CELLS = equations.cells()
SAMPLES = 8


def _model(cell: str, loss: str = "softmax-cross-entropy") -> Model:
    return Model(cell, "tanh", loss, "sum", 2, readout=loss not in losses.ON_HIDDEN)


def _bits(sample: Answer) -> list[bytes]:
    return [np.asarray(part).tobytes() for part in (sample.loss, *sample.grads.values(), *sample.trace.values())]


def test_samples_are_the_same_every_time_and_differ_from_each_other() -> None:
    case = from_seed(_model("lstm"))
    first, again = (rounding.samples(case.model, case.arrays, 3) for _ in range(2))
    assert [_bits(sample) for sample in first] == [_bits(sample) for sample in again]
    assert len({sample.grads["W_hh"].tobytes() for sample in first}) == 3
    (other,) = rounding.samples(case.model, case.arrays, 1, seed=1)
    assert _bits(other) != _bits(first[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
def test_the_spread_is_of_roundings_size(cell: str, dtype: str) -> None:
    """Below 0.1 eps of the largest entry nothing was moved; a sound gradient of twelve steps is not off by 100."""
    case = from_seed(_model(cell), dtype=dtype)
    truth = extended.gradients(case.model, case.arrays)
    drawn = rounding.samples(case.model, case.arrays, SAMPLES)
    for name, true in truth.grads.items():
        spread = np.max([np.abs(sample.grads[name] - true) for sample in drawn])
        assert 0.1 < spread / (np.finfo(dtype).eps * np.abs(true).max()) < 100, name


@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", CELLS)
def test_hardly_an_element_is_exact_in_every_sample(cell: str, loss: str) -> None:
    """Of every gradient some sample moves more than half; a pool of elements that none moves has hardly a budget."""
    case = from_seed(_model(cell, loss))
    truth = extended.gradients(case.model, case.arrays)
    drawn = rounding.samples(case.model, case.arrays, SAMPLES)
    for name, true in truth.grads.items():
        moved = np.max([np.abs(sample.grads[name] - true) for sample in drawn], axis=0) > 0
        assert moved.mean() > 0.5, name


@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_have_the_dtype_of_the_case_and_change_none_of_its_arrays(dtype: str) -> None:
    case = from_seed(_model("lstm"), dtype=dtype)
    before = {name: array.tobytes() for name, array in case.arrays.items()}
    (sample,) = rounding.samples(case.model, case.arrays, 1)
    assert {part.dtype for part in (sample.loss, *sample.grads.values(), *sample.trace.values())} == {np.dtype(dtype)}
    assert {name: array.tobytes() for name, array in case.arrays.items()} == before


@pytest.mark.parametrize("dtype", DTYPES)
def test_elementary_functions_are_one_unit_off_at_random(dtype: str) -> None:
    """Where no input can tell: zeros do not move, and tanh(8) hardly follows its argument."""
    case = from_seed(_model("lstm"), dtype=dtype)
    H, eps = case.sizes["H"], np.finfo(dtype).eps
    arrays = {name: array if name == "y" else 0 * array for name, array in case.arrays.items()}
    arrays["b_ih"][2 * H : 3 * H] = 8  # g's
    (sample,) = rounding.samples(case.model, arrays, 1)
    assert set(((sample.trace["o"][0] - 0.5) / eps).flat) == {-0.5, 0, 0.5}
    off = (sample.trace["g"][0] - np.tanh(np.asarray(8, dtype))) / eps
    assert len(set(off.flat)) > 1
    assert np.abs(off).max() <= 1
