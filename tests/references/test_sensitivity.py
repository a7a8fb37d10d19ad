"""What the budgets let through and what they do not: an agreement that could not fail would say nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import handgrad
from harness.budget import Budgets, budgets
from harness.candidate import own
from harness.case import DTYPES, Case, from_seed
from references import equations, extended
from references.model import Model
from references.protocol import Answer

CELLS = equations.cells()


def _model(cell: str, loss: str = "softmax-cross-entropy") -> Model:
    return Model(cell, "tanh", loss, "sum", 2, readout=True)


def _judged(case: Case) -> tuple[handgrad.Gradients, Answer, Budgets]:
    truth = extended.gradients(case.model, case.arrays)
    return own(case.model, case.copies()), truth, budgets(case, truth)


@cache
def _default(cell: str, dtype: str) -> tuple[handgrad.Gradients, Answer, Budgets]:
    return _judged(from_seed(_model(cell), dtype=dtype))


@pytest.mark.parametrize(("dtype", "error"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize(("cell", "name"), [(cell, name) for cell in CELLS for name in _model(cell).graded])
def test_one_element_slightly_off_is_outside_whichever_it_is(cell: str, name: str, dtype: str, error: float) -> None:
    """By ``error`` of the array's largest entry: 4,500 and 170 units in its last place. Each element is judged on its
    own, so all of them are moved at once.
    """
    sound, truth, allowed = _default(cell, dtype)
    grad = sound.grads[name]
    for sign in (1, -1):
        moved = (grad + sign * error * np.abs(grad).max()).astype(dtype)
        assert (np.abs(moved - truth.grads[name]) > allowed.grads[name]).all()
    assert (np.abs(grad - truth.grads[name]) <= allowed.grads[name]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
def test_a_factor_of_1_001_is_outside_in_every_array(cell: str, dtype: str) -> None:
    sound, truth, allowed = _default(cell, dtype)
    for name, grad in sound.grads.items():
        scaled = grad * grad.dtype.type(1.001)
        assert (np.abs(scaled - truth.grads[name]) > allowed.grads[name]).any(), name
    assert np.abs(sound.loss * sound.loss.dtype.type(1.001) - truth.loss) > allowed.loss


@pytest.mark.parametrize("cell", CELLS)
def test_a_float32_gradient_of_a_float64_case_is_outside(cell: str) -> None:
    """Low precision, the most common fault that is none of the derivation."""
    sound, truth, allowed = _default(cell, "float64")
    for name, grad in sound.grads.items():
        assert (np.abs(grad.astype("float32") - truth.grads[name]) > allowed.grads[name]).any(), name


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_loss_added_up_term_by_term_is_within_its_budget(dtype: str) -> None:
    """Sound code adds its loss in any order: a loop's, as here, NumPy's by pairs, JAX's by blocks."""
    for seed in range(20):
        case = from_seed(_model("rnn", "binary-cross-entropy"), dtype=dtype, seed=seed)
        sound, truth, allowed = _judged(case)
        z, y = sound.trace["z"], case.arrays["y"]
        terms = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z
        loss = np.cumsum(terms, dtype=dtype)[-1]  # cumsum cannot but go one by one
        assert np.abs(loss - truth.loss) <= allowed.loss, seed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("T", "B"), [(100, 4), (2, 2048)])
def test_a_gradient_added_up_row_by_row_is_within_its_budget(T: int, B: int, dtype: str) -> None:
    """The same question of dW_hy = Σ dzᵀ h and db_y = Σ dz, along time or along a batch, where dz is of one sign so
    that the partial sums are large.
    """
    sizes = {"T": T, "B": B, "D": 3, "H": 5, "K": 6}
    case = from_seed(_model("rnn", "half-squared-error"), sizes, dtype)
    case = replace(case, arrays=case.copies() | {"y": case.arrays["y"] - 5})
    sound, truth, allowed = _judged(case)
    dz = (sound.trace["z"] - case.arrays["y"]).reshape(-1, 6, 1)
    h = sound.trace["h"].reshape(-1, 1, 5)
    for name, terms in (("W_hy", dz * h), ("b_y", dz[..., 0])):
        total = np.cumsum(terms, axis=0, dtype=dtype)[-1]
        assert (np.abs(total - truth.grads[name]) <= allowed.grads[name]).all(), name
