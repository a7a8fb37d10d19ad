"""Every right quantity: the gradients among them are handgrad's, and the equations hold between them."""

from __future__ import annotations

import numpy as np
import pytest

import handgrad
from harness.case import Case, from_seed
from harness.diagnosis.quantities import captured, quantities
from references import equations
from references.equations import losses
from references.model import Model

SIZES = {"T": 3, "B": 2, "D": 7, "H": 5, "K": 9}


def _case(cell: str, loss: str, reduction: str = "sum", activation: str = "tanh") -> Case:
    return from_seed(Model(cell, activation, loss, reduction, 2, loss not in losses.ON_HIDDEN), SIZES)


@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", equations.cells())
def test_gradients_are_handgrads(cell: str, loss: str) -> None:
    case = _case(cell, loss, "mean")
    found = quantities(case)
    own = handgrad.loss_and_grads(case.arrays, cell=cell, loss=loss, reduction="mean").grads
    for name, grad in own.items():
        got = found[f"d{name[0]}_next"][0] if name in ("h0", "c0") else found[f"d{name}"]
        np.testing.assert_allclose(got, grad, rtol=1e-9, atol=1e-13, err_msg=name)
    for name in ("W_ih", "b_hh", "W_hh"):
        np.testing.assert_allclose(found[f"d{name} of one step"].sum(axis=0), own[name], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("loss", losses.NAMES)
def test_axes_say_the_shape(loss: str) -> None:
    lengths = {**SIZES, "A": 4 * SIZES["H"], "1": 1}
    for name, quantity in captured(_case("lstm", loss)).items():
        assert quantity.array.shape == tuple(lengths[axis] for axis in quantity.axes), name


def test_the_adjoint_equations_of_the_lstm_hold() -> None:
    case = _case("lstm", "cotangent")
    q = quantities(case)
    arrives = {s: np.concatenate([q[f"d{s}_next"][1:], case.arrays[f"G_{s}"][None]]) for s in "hc"}
    p = q["tanh(c)"]
    for name, right in {
        "h_prev": np.concatenate([case.arrays["h0"][None], q["h"][:-1]]),
        "dh": case.arrays["G"] + arrives["h"],
        "injected dh": case.arrays["G"],
        "dc": q["dh"] * q["o"] * (1 - p**2) + arrives["c"],
        "do": q["dh"] * p,
        "di": q["dc"] * q["g"],
        "df": q["dc"] * q["c_prev"],
        "dc_next": q["dc"] * q["f"],
        "da_g": q["dg"] * (1 - q["g"] ** 2),
        "da_o": q["do"] * q["o"] * (1 - q["o"]),
        "dh_next": q["da"] @ case.arrays["W_hh"],
        "(1 − g²)": 1 - q["g"] ** 2,
        "i ⊙ (1 − i)": q["i"] * (1 - q["i"]),
        "dc ⊙ i ⊙ (1 − i)": q["dc"] * q["i"] * (1 - q["i"]),
        "da_i W_hh_i": q["da_i"] @ case.arrays["W_hh"][:5],
        "dx": q["da"] @ case.arrays["W_ih"],
    }.items():
        np.testing.assert_allclose(q[name], right, rtol=1e-10, atol=1e-14, err_msg=name)


def test_a_softmax_and_its_adjoint_are_there() -> None:
    q = quantities(_case("rnn", "softmax-cross-entropy", "mean"))
    np.testing.assert_allclose(q["dz"] * 6, q["softmax(z)"] - q["y"], rtol=1e-10, atol=1e-14)


def test_other_activations_have_their_slopes() -> None:
    q = quantities(_case("rnn", "cotangent", activation="relu"))
    np.testing.assert_array_equal(q["(h > 0)"], q["a"] > 0)
    q = quantities(_case("rnn", "cotangent", activation="sigmoid"))
    np.testing.assert_allclose(q["dh ⊙ h ⊙ (1 − h)"], q["da"], rtol=1e-10)
