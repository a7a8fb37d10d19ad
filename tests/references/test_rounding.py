"""The noise from which budgets are made: of rounding's size, never none, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from harness.case import DTYPES, from_seed
from references import equations, extended, rounding
from references.equations import losses
from references.model import Model
from references.rounding import Samples

CELLS = equations.cells()
SAMPLES = 8


def _model(cell: str, loss: str = "softmax-cross-entropy") -> Model:
    return Model(cell, "tanh", loss, "sum", 2, readout=loss not in losses.ON_HIDDEN)


def _parts(samples: Samples) -> list[np.ndarray]:
    return [samples.loss, *samples.grads.values(), *samples.trace.values()]


def test_samples_are_the_same_every_time_and_differ_from_each_other() -> None:
    case = from_seed(_model("lstm"))
    first, again = (rounding.samples(case.model, case.arrays, 3) for _ in range(2))
    assert all(np.array_equal(one, two) for one, two in zip(_parts(first), _parts(again), strict=True))
    assert len({grad.tobytes() for grad in first.grads["W_hh"]}) == 3
    other = rounding.samples(case.model, case.arrays, 3, seed=1)
    assert not np.array_equal(other.grads["W_hh"], first.grads["W_hh"])


def test_samples_fit_into_memory_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time or together: as many, of the same shapes, all different."""
    case = from_seed(_model("lstm"))
    together = rounding.samples(case.model, case.arrays, 3)
    monkeypatch.setattr(rounding, "MEMORY", 1)
    alone = rounding.samples(case.model, case.arrays, 3)
    assert [part.shape for part in _parts(alone)] == [part.shape for part in _parts(together)]
    assert len({grad.tobytes() for grad in alone.grads["W_hh"]}) == 3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
def test_the_spread_is_of_roundings_size(cell: str, dtype: str) -> None:
    """Below 0.1 eps of the largest entry nothing was moved; a sound gradient of twelve steps is not off by 100."""
    case = from_seed(_model(cell), dtype=dtype)
    truth = extended.gradients(case.model, case.arrays)
    drawn = rounding.samples(case.model, case.arrays, SAMPLES)
    for name, true in truth.grads.items():
        spread = np.abs(drawn.grads[name] - true).max()
        assert 0.1 < spread / (np.finfo(dtype).eps * np.abs(true).max()) < 100, name


@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", CELLS)
def test_hardly_an_element_is_exact_in_every_sample(cell: str, loss: str) -> None:
    """Of every gradient some sample moves more than half; a pool of elements that none moves has hardly a budget."""
    case = from_seed(_model(cell, loss))
    truth = extended.gradients(case.model, case.arrays)
    drawn = rounding.samples(case.model, case.arrays, SAMPLES)
    for name, true in truth.grads.items():
        moved = np.abs(drawn.grads[name] - true).max(axis=0) > 0
        assert moved.mean() > 0.5, name


@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_have_the_dtype_of_the_case_and_change_none_of_its_arrays(dtype: str) -> None:
    case = from_seed(_model("lstm"), dtype=dtype)
    before = {name: array.tobytes() for name, array in case.arrays.items()}
    assert {part.dtype for part in _parts(rounding.samples(case.model, case.arrays, 1))} == {np.dtype(dtype)}
    assert {name: array.tobytes() for name, array in case.arrays.items()} == before


@pytest.mark.parametrize("dtype", DTYPES)
def test_elementary_functions_are_one_unit_off_at_random(dtype: str) -> None:
    """Where no input can tell: zeros do not move, and tanh(8) hardly follows its argument."""
    case = from_seed(_model("lstm"), dtype=dtype)
    H, eps = case.sizes["H"], np.finfo(dtype).eps
    arrays = {name: array if name == "y" else 0 * array for name, array in case.arrays.items()}
    arrays["b_ih"][2 * H : 3 * H] = 8  # g's
    trace = rounding.samples(case.model, arrays, SAMPLES).trace
    signs = (trace["o"][:, 0] - 0.5) / eps  # S B H
    assert set(signs.flat) == {-0.5, 0.5}
    assert not signs.sum(axis=0).any()  # each in half of the samples
    off = np.asarray((trace["g"][:, 0] - np.tanh(np.longdouble(8))) / eps, float)
    assert off.min() < -0.4  # half an eps is one unit, just below 1
    assert 0.4 < off.max()
    assert np.abs(off).max() <= 1.6
