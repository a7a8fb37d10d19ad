"""Every loss: at readouts of ±10⁴, in every dtype, through the model and alone."""

from __future__ import annotations

import numpy as np
import pytest

import handgrad
from handgrad.losses import LOSSES
from harness.candidate import own
from harness.case import from_seed
from references.equations import losses
from references.model import Model

DTYPES = ("float32", "float64", "longdouble")
SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}
FAR = 10_000.0


def _drawn(loss: str, dtype: str) -> tuple[Model, dict[str, np.ndarray]]:
    model = Model("lstm", "tanh", loss, "sum", 2, readout=loss not in losses.ON_HIDDEN)
    arrays = from_seed(model, SIZES).arrays
    return model, {name: array if array.dtype.kind == "i" else array.astype(dtype) for name, array in arrays.items()}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("loss", "y", "value", "dz"),
    [
        ("softmax-cross-entropy", 1, 2 * FAR, [1, -1]),  # the whole probability on the wrong class
        ("softmax-cross-entropy", 0, 0, [0, 0]),  # and on the right one
        ("half-squared-error", [0, FAR], 2.5 * FAR**2, [FAR, -2 * FAR]),
        ("squared-error", [0, FAR], 5 * FAR**2, [2 * FAR, -4 * FAR]),
        ("binary-cross-entropy", [0, 1], 2 * FAR, [1, -1]),
        ("binary-cross-entropy", [1, 0], 0, [0, 0]),
        ("sigmoid-half-squared-error", [0, 1], 1, [0, 0]),  # wrong, but flat out there
        ("first-unit-squared-error", FAR / 2, FAR**2 / 4, [FAR, 0]),
    ],
)
def test_predictions_far_out_have_exact_values(
    loss: str, y: float | list[float], value: float, dz: list[float], dtype: str
) -> None:
    """At z = (10⁴, −10⁴): whole numbers that even float32 holds, but for e^−10⁴ in a longdouble, in float64 a 0."""
    z = np.array([[[FAR, -FAR]]], dtype)  # 1 1 2
    target = np.array([[y]], int if loss in losses.ON_INDICES else dtype)
    got, got_dz = LOSSES[loss](z, target)
    assert float(got) == value
    assert got_dz.astype(float).tolist() == [[dz]]
    assert got.dtype == got_dz.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss not in losses.ON_HIDDEN])
def test_a_readout_far_out_gives_no_warning_and_no_nan(loss: str, dtype: str) -> None:
    model, arrays = _drawn(loss, dtype)
    arrays["W_hy"] *= 5 * FAR
    answer = own(model, arrays)
    assert answer.trace["z"].max() > FAR
    assert answer.trace["z"].min() < -FAR
    assert all(np.isfinite(array).all() for array in (answer.loss, *answer.grads.values()))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", losses.NAMES)
def test_what_comes_in_goes_out(loss: str, dtype: str) -> None:
    answer = own(*_drawn(loss, dtype))
    assert {array.dtype for array in (answer.loss, *answer.grads.values())} == {np.dtype(dtype)}


@pytest.mark.parametrize("loss", LOSSES)
def test_predictions_and_targets_stay_as_they_are(loss: str) -> None:
    z, y = np.linspace(-1, 1, 24).reshape(2, 3, 4), np.full((2, 3, 4), 0.25)
    if loss in (*losses.ON_INDICES, "first-unit-squared-error"):
        y = np.arange(6).reshape(2, 3) % 4
    before = z.tobytes(), y.tobytes()
    _, dz = LOSSES[loss](z, y)
    assert (z.tobytes(), y.tobytes()) == before
    assert dz.shape == z.shape
    assert not np.shares_memory(dz, z)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_class_indices_are_of_any_integer_dtype(dtype: str) -> None:
    model, arrays = _drawn("softmax-cross-entropy", "float64")
    usual, other = own(model, arrays), own(model, arrays | {"y": arrays["y"].astype(dtype)})
    assert usual.loss == other.loss
    assert usual.grads["x"].tobytes() == other.grads["x"].tobytes()


def test_the_first_unit_is_the_only_prediction_of_its_loss() -> None:
    """Written out for one step of an identity RNN whose input is its hidden state: L = (h_0 − y)²."""
    arrays = {"x": np.array([[[3.0, 5.0]]]), "W_ih": np.eye(2), "W_hh": np.zeros((2, 2)), "y": np.array([[1.0]])}
    answer = handgrad.loss_and_grads(arrays, cell="rnn", activation="identity", loss="first-unit-squared-error")
    assert answer.loss == 4
    assert answer.grads["x"].tolist() == [[[4, 0]]]
