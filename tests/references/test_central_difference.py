"""Central differences: what they say of their own error holds, and at relu's kink they say that they do not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.case import Case, from_seed
from references import central_difference, equations, extended, patience, perturbed
from references.equations import losses
from references.model import REDUCTIONS, Model
from references.protocol import Answer, Unavailable

SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}
EPS = np.finfo(np.longdouble).eps  # 1.1e-19 where a longdouble has 64 bits
CELLS = [(cell, activation) for cell in equations.cells() for activation in equations.cell(cell).ACTIVATIONS]


def _case(cell: str, activation: str = "tanh", loss: str = "softmax-cross-entropy", seed: int = 0) -> Case:
    readout = loss not in losses.ON_HIDDEN
    return from_seed(Model(cell, activation, loss, tuple(REDUCTIONS)[seed % 4], 2, readout), SIZES, seed=seed)


def _gradients(case: Case) -> Answer:
    return central_difference.gradients(case.model, case.arrays)


def _flat(arrays: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([array.ravel() for array in arrays.values()])


def _uncovered(answer: Answer, truth: Answer) -> np.ndarray:
    """Which elements are further from the truth than they say."""
    return _flat({name: np.abs(grad - truth.grads[name]) > answer.radius[name] for name, grad in answer.grads.items()})


@pytest.mark.parametrize("activation", sorted({activation for _, activation in CELLS}))
def test_the_estimate_covers_the_error_and_is_small(activation: str) -> None:
    """Of all cells and losses with two cases each, in at least 999 of 1,000 elements; and it is not just large."""
    uncovered, relative = [], []
    for cell in [cell for cell, allowed in CELLS if allowed == activation]:
        for k, loss in enumerate(losses.NAMES):
            for seed in (k, k + 10):
                case = _case(cell, activation, loss, seed)
                answer, truth = _gradients(case), extended.gradients(case.model, case.arrays)
                assert {name: bound.shape for name, bound in answer.radius.items()} == {
                    name: grad.shape for name, grad in truth.grads.items()
                }
                assert {bound.dtype for bound in answer.radius.values()} == {np.dtype("float64")}
                uncovered.append(_uncovered(answer, truth))
                relative.append(_flat({n: answer.radius[n] / np.abs(g).max() for n, g in truth.grads.items()}))
    assert len(np.concatenate(uncovered)) > 1000
    assert np.concatenate(uncovered).mean() <= 0.001
    assert np.quantile(np.concatenate(relative), 0.5) < 1e7 * EPS
    assert np.quantile(np.concatenate(relative), 0.99) < 1e10 * EPS


@pytest.mark.parametrize("array", ["x", "W_hh", "W_hy"])
@pytest.mark.parametrize("cell", equations.cells())
def test_the_estimate_covers_the_error_where_everything_saturates(cell: str, array: str) -> None:
    """And where differences vanish in rounding, or steps are too large for the weights."""
    case = _case(cell)
    case = replace(case, arrays=case.copies() | {array: case.arrays[array] * 20_000})
    assert not _uncovered(_gradients(case), extended.gradients(case.model, case.arrays)).any()


@pytest.mark.parametrize("cell", equations.cells())
def test_a_gradient_that_is_slightly_off_is_told_apart(cell: str) -> None:
    """By 1e-11 of itself, or 10⁸ units: in all but a few elements, which are tiny beside what rounds."""
    case = _case(cell)
    answer, truth = _gradients(case), extended.gradients(case.model, case.arrays)
    wrong = truth._replace(grads={name: grad * (1 + 1e8 * EPS) for name, grad in truth.grads.items()})
    assert _uncovered(answer, wrong).mean() > 0.98


def _at_the_kink(offset: float) -> Case:
    """Unit 0 of the first step of the first batch entry has a pre-activation of ``offset``."""
    case = _case("rnn", "relu", "cotangent")
    arrays = case.copies()
    arrays["x"][0, 0], arrays["h0"][0], arrays["b_hh"][0], arrays["b_ih"][0] = 0, 0, 0, offset
    return replace(case, arrays=arrays)


@pytest.mark.parametrize("offset", [0, 1e-9, -1e-9])
def test_what_moves_a_unit_across_the_kink_is_not_known(offset: float) -> None:
    case = _at_the_kink(offset)
    answer, truth = _gradients(case), extended.gradients(case.model, case.arrays)
    unknown = {name: np.isinf(bound) for name, bound in answer.radius.items()}
    assert unknown["b_ih"].tolist() == unknown["b_hh"].tolist() == [True, False, False, False, False]
    assert unknown["x"][0, 0].all() and not unknown["x"][0, 1:].any()
    assert unknown["h0"][0].all() and not unknown["h0"][1:].any()
    assert not unknown["W_hh"][1:].any() and not unknown["W_ih"].any()  # the unit's inputs are 0: nothing moves it
    assert np.abs(answer.grads["b_ih"][0] - truth.grads["b_ih"][0]) > 1e-3  # half a slope, which nobody asked for
    assert all(np.isfinite(grad).all() for grad in answer.grads.values())
    assert not _uncovered(answer, truth).any()


@pytest.mark.parametrize("offset", [1e-5, -1e-5, 1e-3, 0.01])
def test_beside_the_kink_smaller_steps_know(offset: float) -> None:
    case = _at_the_kink(offset)
    answer, truth = _gradients(case), extended.gradients(case.model, case.arrays)
    assert all((bound < 1e11 * EPS).all() for bound in answer.radius.values())
    assert not _uncovered(answer, truth).any()


@pytest.mark.parametrize("size", [2.0**40, 1e18])
def test_steps_grow_with_numbers_beside_which_they_would_be_lost(size: float) -> None:
    case = _case("rnn", "identity", "cotangent")
    case = replace(case, arrays=case.copies() | {"x": case.arrays["x"] * size})
    answer, truth = _gradients(case), extended.gradients(case.model, case.arrays)
    assert (answer.radius["x"] < 1e-9 * np.abs(truth.grads["x"]).max()).all()
    assert not _uncovered(answer, truth).any()


def test_a_float32_case_has_the_gradient_at_its_very_numbers() -> None:
    model = Model("rnn", "tanh", "half-squared-error", "mean", 1, True)
    case = from_seed(model, SIZES, "float32")
    answer, truth = _gradients(case), extended.gradients(case.model, case.arrays)
    assert not _uncovered(answer, truth).any()
    assert max(np.abs(grad - truth.grads[name]).max() for name, grad in answer.grads.items()) < 1e6 * EPS


@pytest.mark.parametrize("memory", [1, 10**9])
def test_chunks_of_any_size_give_the_same(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for rounding: where it differs, neither is further off than it says."""
    case = _case("rnn", "relu")
    answer = _gradients(case)
    monkeypatch.setattr(perturbed, "MEMORY", memory)
    other = _gradients(case)
    for name, grad in answer.grads.items():
        assert (np.abs(grad - other.grads[name]) <= answer.radius[name] + other.radius[name]).all()
        assert np.allclose(answer.radius[name], other.radius[name], rtol=0.5)


def test_what_would_take_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LIMIT", 1e-9)
    with pytest.raises(
        Unavailable, match=r"^it would take at least \S+ s for 364 elements, and begins nothing beyond 1e-09 s"
    ):
        _gradients(_case("lstm"))
