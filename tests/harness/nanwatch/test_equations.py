"""The first quantity of the named equations that is not finite."""

from __future__ import annotations

import numpy as np
import pytest

from harness.case import Case, from_seed
from harness.nanwatch.equations import by_equations
from harness.trained import Explosion
from references import equations
from references.model import Model

SIZES = {"T": 12, "B": 2, "D": 3, "H": 4, "K": 5}


def model(cell: str = "rnn", activation: str = "relu", loss: str = "half-squared-error", readout: bool = True) -> Model:
    return Model(cell, activation, loss, "sum", 2, readout)


def arrays(of: Model, dtype: str = "float64", seed: int = 0) -> dict[str, np.ndarray]:
    return from_seed(of, SIZES, dtype, seed).copies()


def scaled(of: dict[str, np.ndarray], name: str, factor: float) -> dict[str, np.ndarray]:
    return {**of, name: of[name] * of[name].dtype.type(factor)}


def input_of(found: Explosion | None, name: str) -> str:
    assert found is not None
    return dict(found.inputs)[name]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "sound",
    [Model(cell, activation, "half-squared-error", "mean", 2, True)
     for cell in equations.cells() for activation in equations.cell(cell).ACTIVATIONS]
    + [model("lstm", "tanh", "softmax-cross-entropy"), model("rnn", "tanh", "cotangent", False)],
    ids=lambda of: f"{of.cell}-{of.activation}-{of.loss}",
)  # fmt: skip
def test_what_is_finite_is_not_explained(sound: Model, dtype: str) -> None:
    assert by_equations(sound, arrays(sound, dtype)) is None


def test_saturated_gates_and_large_logits_are_no_explosion() -> None:
    of = model("lstm", "tanh", "softmax-cross-entropy")
    loud = scaled(arrays(of), "b_ih", 1e6)
    loud["b_y"] = np.linspace(-1e5, 1e5, 5)
    assert by_equations(of, loud) is None


@pytest.mark.parametrize(("dtype", "factor", "most"), [("float64", 1e30, 1e308), ("float32", 1e4, 3e38)])
def test_states_that_grow_overflow_in_the_step_at_which_they_do(dtype: str, factor: float, most: float) -> None:
    of = model()
    grown = scaled(arrays(of, dtype), "W_hh", factor)
    found = by_equations(of, grown, update=7)
    assert found is not None
    h, expected = grown["h0"], None
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(SIZES["T"]):
            a = grown["x"][t] @ grown["W_ih"].T + h @ grown["W_hh"].T + (grown["b_ih"] + grown["b_hh"])
            if not np.isfinite(a).all():
                expected = t, tuple(np.argwhere(~np.isfinite(a))[0])
                break
            h = np.maximum(a, 0)
    assert (found.step, found.index) == expected
    assert (found.quantity, found.kind, found.update) == ("a", "overflow", 7)
    assert found.equation.startswith("(1) a = x W_ihᵀ + h W_hhᵀ")
    assert "largest" in input_of(found, "h_{t-1}")
    assert f"{np.finfo(dtype).max:.6g}" in found.why
    assert "recurrent weights" in found.cure


@pytest.mark.parametrize(("dtype", "factor"), [("float64", 1e30), ("float32", 1e4)])
def test_adjoints_that_grow_overflow_on_the_way_back_only(dtype: str, factor: float) -> None:
    of = model(activation="identity")
    quiet = arrays(of, dtype)
    for name in ("h0", "b_ih", "b_hh"):
        quiet[name][...] = 0
    quiet["x"][:-1] = 0  # states are zero but for the last: forward stays small
    grown = scaled(quiet, "W_hh", factor)
    found = by_equations(of, grown)
    assert found is not None
    assert (found.quantity, found.equation) == ("dh_next", "(1*h) dh_next = da W_hh")
    h = np.zeros((SIZES["T"], 2, 4), dtype)
    h[-1] = grown["x"][-1] @ grown["W_ih"].T
    G = (h @ grown["W_hy"].T + grown["b_y"] - grown["y"]) @ grown["W_hy"]
    carried = np.zeros((2, 4), dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in reversed(range(SIZES["T"])):
            carried = (G[t] + carried) @ grown["W_hh"]
            if not np.isfinite(carried).all():
                break
    assert found.step == t > 0
    assert found.index == tuple(np.argwhere(~np.isfinite(carried))[0])
    assert set(dict(found.inputs)) == {"da", "W_hh"}
    assert "on" not in input_of(found, "W_hh") and f", {found.index[-1]}]" in input_of(found, "W_hh")


@pytest.mark.parametrize(("dtype", "bias"), [("float64", 1e200), ("float32", 1e30)])
def test_squares_overflow_in_the_loss(dtype: str, bias: float) -> None:
    of = model("lstm", "tanh")
    far = arrays(of, dtype)
    far["b_y"][2] = bias
    found = by_equations(of, far)
    assert found is not None
    assert (found.quantity, found.step, found.value) == ("loss", None, np.inf)
    assert found.equation == "(7) L = ½ Σ (z − y)²"
    assert input_of(found, "z").endswith("2]")
    assert "squares" in found.why


def test_a_gradient_of_a_weight_may_be_all_that_overflows() -> None:
    of = model("rnn", "tanh", "cotangent", False)
    huge = arrays(of)
    huge["x"] = np.zeros_like(huge["x"])
    huge["x"][..., 1] = 1e200
    huge["W_ih"][:, 1] = 1e-201  # what it is multiplied by keeps the states ordinary
    huge["G"] = huge["G"] * 1e150
    found = by_equations(of, huge)
    assert found is not None
    assert (found.quantity, found.equation) == ("dW_ih", "(1*W) dW_ih = Σ daᵀ x_t")
    assert found.index[1] == 1
    assert "1e+200" in input_of(found, "x")


def test_weights_that_are_not_finite_come_first() -> None:
    of = model("lstm", "tanh", "softmax-cross-entropy")
    lost = arrays(of)
    lost["x"][3, 1, 2] = np.nan
    assert (found := by_equations(of, lost)) is not None
    assert (found.quantity, found.step, found.equation) == ("x", 3, "given")
    lost["W_hh"][1, 2] = np.inf
    assert (found := by_equations(of, lost, 4)) is not None
    assert (found.quantity, found.index, found.kind, found.update) == ("W_hh", (1, 2), "overflow", 4)
    assert "1 of its 64 entries" in found.why


def test_what_a_training_leaves_out_is_zero() -> None:
    of = Model("rnn", "tanh", "softmax-cross-entropy", "sum", 1, True)
    whole = arrays(of)
    whole["h0"][...] = 0
    part = {name: array for name, array in whole.items() if name not in ("h0", "b_hh")}
    assert by_equations(of, part) is None
    part["W_hh"][0, 0] = np.nan
    assert by_equations(of, part) is not None


def test_the_adjoint_of_a_gate_is_told_with_the_state_that_it_met() -> None:
    of = model("lstm", "identity", "cotangent", False)
    loud = arrays(of)
    loud["G"][...] = 1e200
    loud["c0"][...] = 1e150  # which a closed forget gate keeps from all states, and not from its adjoint
    loud["b_ih"][4:8] = -1000
    found = by_equations(of, loud)
    assert found is not None
    assert (found.quantity, found.step, found.equation) == ("df", 0, "(4*f) df = dc ⊙ c_{t-1}")
    assert dict(found.inputs)["c_{t-1}"] == f"1e+150 at {list(found.index)}"
    assert set(dict(found.inputs)) == {"dc", "c_{t-1}"}


def test_the_case_itself_is_left_as_it_is() -> None:
    of = model()
    case = from_seed(of, SIZES)
    before = Case(of, case.copies(), "").fingerprint
    by_equations(of, case.arrays)
    assert case.fingerprint == before
