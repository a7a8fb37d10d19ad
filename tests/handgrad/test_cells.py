"""Every cell with every activation: what comes back, in which dtype, at which extremes, and how exactly."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import handgrad
from handgrad import cells
from handgrad.activations import ACTIVATIONS
from harness.budget import budgets
from harness.case import from_seed
from references import extended
from references.model import Model

CELLS = [(cell, activation) for cell in cells.names() for activation in cells.get(cell).ACTIVATIONS]
DTYPES = ("float32", "float64", "longdouble")
SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}  # pairwise distinct: no transpose fits by accident
SOFTMAX = "softmax-cross-entropy"


def _model(cell: str, activation: str, loss: str = SOFTMAX) -> Model:
    return Model(cell, activation, loss, "sum", 2, readout=loss == SOFTMAX)


def _drawn(model: Model, dtype: str) -> dict[str, np.ndarray]:
    arrays = from_seed(model, SIZES).arrays
    return {name: array if array.dtype.kind == "i" else array.astype(dtype) for name, array in arrays.items()}


def _run(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
    return handgrad.loss_and_grads(arrays, cell=model.cell, activation=model.activation, loss=model.loss)


def _numbers(answer: handgrad.Gradients) -> list[np.ndarray]:
    return [np.asarray(answer.loss), *answer.grads.values(), *answer.trace.values()]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", [SOFTMAX, "cotangent"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_what_comes_in_goes_out(cell: str, activation: str, loss: str, dtype: str) -> None:
    answer = _run(model := _model(cell, activation, loss), _drawn(model, dtype))
    assert {array.dtype for array in _numbers(answer)} == {np.dtype(dtype)}


@pytest.mark.parametrize("loss", [SOFTMAX, "cotangent"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_a_gradient_for_everything_in_its_shape_and_a_trace_with_time_first(
    cell: str, activation: str, loss: str
) -> None:
    model = _model(cell, activation, loss)
    arrays = _drawn(model, "float64")
    answer = _run(model, arrays)
    assert {name: grad.shape for name, grad in answer.grads.items()} == {
        name: arrays[name].shape for name in model.differentiated
    }
    expected = dict.fromkeys(cells.get(cell).STATES, (6, 3, 5))  # T B H
    expected |= dict.fromkeys(cells.get(cell).GATES, (6, 3, 5)) if cell != "rnn" else {}  # its h is the activated a
    expected |= {"z": (6, 3, 7)} if model.readout else {}  # T B K
    assert {name: value.shape for name, value in answer.trace.items()} == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_inputs_that_saturate_every_gate_give_no_warning_and_no_nan(cell: str, activation: str, dtype: str) -> None:
    """e^10⁴ is no float64: a form of σ or tanh that overflows would warn, and warnings are errors here."""
    model = _model(cell, activation, "cotangent")
    arrays = _drawn(model, dtype)
    arrays["x"] *= 20_000
    a = arrays["x"] @ arrays["W_ih"].T  # T B A   the input's share, which dwarfs the others
    assert a.max() > 10_000
    assert a.min() < -10_000
    assert all(np.isfinite(array).all() for array in _numbers(_run(model, arrays)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("cell", "activation"), [pair for pair in CELLS if pair not in (("rnn", "relu"), ("rnn", "identity"))]
)
def test_weights_that_saturate_every_gate_give_no_warning_and_no_nan(cell: str, activation: str, dtype: str) -> None:
    """Without a bound on h, as in the two that are left out, such weights take it out of float32 in ten steps."""
    model = _model(cell, activation)
    arrays = _drawn(model, dtype)
    for name in ("W_ih", "W_hh", "b_ih", "b_hh"):
        arrays[name] *= 10_000
    assert all(np.isfinite(array).all() for array in _numbers(_run(model, arrays)))


@pytest.mark.parametrize("loss", [SOFTMAX, "cotangent"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_longdouble_is_as_exact_as_longdouble_can_be(cell: str, activation: str, loss: str) -> None:
    """Two derivations of one gradient, hand and automatic: at longdouble each may be off by that dtype's budget."""
    model = _model(cell, activation, loss)
    arrays = _drawn(model, "longdouble")
    truth = extended.gradients(model, arrays)
    # Cases are float32 or float64; the budget asks of one no more than these four.
    case = SimpleNamespace(model=model, arrays=arrays, sizes=SIZES, dtype=np.dtype("longdouble"))
    allowed = budgets(case, truth)  # type: ignore[arg-type]
    answer = _run(model, arrays)
    assert abs(answer.loss - truth.loss) <= 2 * allowed.loss
    for name, grad in answer.grads.items():
        assert (np.abs(grad - truth.grads[name]) <= 2 * allowed.grads[name]).all(), name
    for name, value in answer.trace.items():
        assert (np.abs(value - truth.trace[name]) <= 2 * allowed.trace[name]).all(), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_narrow_layers_are_right(cell: str, activation: str, dtype: str) -> None:
    """One gate of few units is an array with gaps, and NumPy 2.4 negates some of these wrongly in place."""
    model = _model(cell, activation)
    for H in (1, 2, 3, 4, 8):
        for B in (1, 2, 5):
            arrays = from_seed(model, SIZES | {"B": B, "H": H}, dtype).arrays
            wide = {n: array if array.dtype.kind == "i" else array.astype("longdouble") for n, array in arrays.items()}
            for given, right in zip(_numbers(_run(model, arrays)), _numbers(_run(model, wide)), strict=True):
                np.testing.assert_allclose(given, right, rtol=0, atol=1000 * np.finfo(dtype).eps * abs(right).max())


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_backward_is_a_function_of_the_tape_and_leaves_it_as_it_was(cell: str, activation: str) -> None:
    module = cells.get(cell)
    arrays = _drawn(_model(cell, activation, "cotangent"), "float64")
    initial = {name: arrays[f"{name}0"] for name in module.STATES}
    final = {name: arrays[f"G_{name}"] for name in module.STATES}
    tape = module.forward(
        arrays["x"], initial, arrays["W_ih"], arrays["W_hh"], arrays["b_ih"] + arrays["b_hh"], activation
    )
    before = [part.tobytes() for part in tape if isinstance(part, np.ndarray)]
    given = [array.tobytes() for array in (arrays["G"], *final.values())]
    one = module.backward(tape, arrays["G"], final)
    two = module.backward(tape, arrays["G"], final)
    assert [part.tobytes() for part in tape if isinstance(part, np.ndarray)] == before
    assert [array.tobytes() for array in (arrays["G"], *final.values())] == given
    assert {name: grad.tobytes() for name, grad in one.items()} == {name: grad.tobytes() for name, grad in two.items()}


@pytest.mark.parametrize("cell", cells.names())
def test_a_cell_names_its_gates_its_states_and_its_activations(cell: str) -> None:
    module = cells.get(cell)
    assert module.STATES[0] == "h"
    assert set(module.ACTIVATIONS) <= set(ACTIVATIONS)
    assert len(set(module.GATES)) == len(module.GATES) > 0


def test_an_unknown_cell_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"^cell: got 'peephole', allowed: lstm, rnn$"):
        cells.get("peephole")
