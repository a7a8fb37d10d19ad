"""What the model adds to a cell: biases, readout, initial and final states, reductions, and being a function."""

from __future__ import annotations

import numpy as np
import pytest

import handgrad
from handgrad import cells
from handgrad.losses import LOSSES, REDUCTIONS
from harness.candidate import own
from harness.case import from_seed
from references.equations import losses
from references.model import Model

Arrays = dict[str, np.ndarray]
POWERS_OF_TWO = {"T": 8, "B": 4, "D": 3, "H": 5, "K": 6}  # T, B and T·B divide without rounding
CELLS = cells.names()


def _drawn(cell: str, loss: str = "softmax-cross-entropy", reduction: str = "sum") -> tuple[Model, Arrays]:
    activation = cells.get(cell).ACTIVATIONS[0]
    model = Model(cell, activation, loss, reduction, 2, readout=loss not in losses.ON_HIDDEN)
    return model, from_seed(model, POWERS_OF_TWO).copies()


def _without(arrays: Arrays, *names: str) -> Arrays:
    return {name: array for name, array in arrays.items() if name not in names}


def _bits(answer: handgrad.Gradients) -> dict[str, bytes]:
    parts = {"loss": answer.loss} | answer.grads | {f"trace {name}": value for name, value in answer.trace.items()}
    return {name: np.asarray(part).tobytes() for name, part in parts.items()}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("absent", [("b_hh",), ("b_ih",), ("b_ih", "b_hh"), ("b_y",)])
def test_a_bias_that_is_not_there_is_zero_and_has_no_gradient(cell: str, absent: tuple[str, ...]) -> None:
    model, arrays = _drawn(cell)
    without = _bits(own(model, _without(arrays, *absent)))
    zero = _bits(own(model, arrays | {name: np.zeros_like(arrays[name]) for name in absent}))
    assert set(zero) - set(without) == set(absent)
    assert without == _without(zero, *absent)  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", CELLS)
def test_both_biases_have_the_same_gradient_in_memory_of_their_own(cell: str) -> None:
    grads = own(*_drawn(cell)).grads
    expected = grads["b_hh"].copy()
    assert grads["b_ih"].tolist() == expected.tolist()
    grads["b_ih"][:] = np.nan
    assert grads["b_hh"].tolist() == expected.tolist()


@pytest.mark.parametrize("cell", CELLS)
def test_only_the_sum_of_the_biases_counts(cell: str) -> None:
    """Halves are exact, so (b, b) and (2b, 0) sum to the same bits."""
    model, arrays = _drawn(cell)
    b = arrays["b_ih"]
    assert _bits(own(model, arrays | {"b_hh": b})) == _bits(own(model, arrays | {"b_ih": 2 * b, "b_hh": 0 * b}))


@pytest.mark.parametrize("cell", CELLS)
def test_initial_states_that_are_left_out_are_zero_and_have_no_gradient(cell: str) -> None:
    model, arrays = _drawn(cell)
    names = tuple(f"{state}0" for state in cells.get(cell).STATES)
    without = _bits(own(model, _without(arrays, *names)))
    zero = _bits(own(model, arrays | {name: np.zeros_like(arrays[name]) for name in names}))
    assert set(zero) - set(without) == set(names)
    assert without == _without(zero, *names)  # type: ignore[arg-type]
    assert without["loss"] != _bits(own(model, arrays))["loss"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
@pytest.mark.parametrize("cell", CELLS)
def test_zeros_for_what_is_left_out_are_of_the_dtype_that_came_in(cell: str, dtype: str) -> None:
    _, arrays = _drawn(cell, "cotangent")
    answer = handgrad.loss_and_grads(
        {name: arrays[name].astype(dtype) for name in ("x", "W_ih", "W_hh", "G")}, cell=cell, loss="cotangent"
    )
    assert {part.dtype for part in (answer.loss, *answer.grads.values(), *answer.trace.values())} == {np.dtype(dtype)}


@pytest.mark.parametrize("cell", CELLS)
def test_final_cotangents_that_are_left_out_are_zero(cell: str) -> None:
    model, arrays = _drawn(cell, "cotangent")
    for name in model.optional:
        without = _bits(own(model, _without(arrays, name)))
        assert without == _bits(own(model, arrays | {name: np.zeros_like(arrays[name])}))
        assert without != _bits(own(model, arrays))


@pytest.mark.parametrize("cell", CELLS)
def test_the_cotangent_of_the_last_hidden_state_is_one_of_the_last_step(cell: str) -> None:
    """Given beside G or within it, it enters one and the same addition, (5*h) or (2*h) at t = T."""
    model, arrays = _drawn(cell, "cotangent")
    within = arrays["G"].copy()
    within[-1] += arrays["G_h"]
    beside = own(model, arrays)
    inside = own(model, _without(arrays, "G_h") | {"G": within})
    assert {name: grad.tobytes() for name, grad in beside.grads.items()} == {
        name: grad.tobytes() for name, grad in inside.grads.items()
    }


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", CELLS)
def test_a_reduction_divides_loss_and_gradients_exactly(cell: str, loss: str, reduction: str) -> None:
    """By 1, T·B, B or T, here powers of two: every quotient is a float, so that not one bit may be off."""
    divisor = {"sum": 1, "mean": 32, "mean-b": 4, "mean-t": 8}[reduction]
    total, reduced = own(*_drawn(cell, loss)), own(*_drawn(cell, loss, reduction))
    assert reduced.loss == total.loss / divisor
    for name, grad in total.grads.items():
        assert reduced.grads[name].tolist() == (grad / divisor).tolist(), name


@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", CELLS)
def test_arguments_stay_as_they_are_and_a_second_call_gives_the_same_bits(cell: str, loss: str) -> None:
    model, arrays = _drawn(cell, loss)
    before = {name: array.tobytes() for name, array in arrays.items()}
    one = _bits(own(model, arrays))
    assert one == _bits(own(model, arrays))
    assert {name: array.tobytes() for name, array in arrays.items()} == before


@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", CELLS)
def test_results_share_memory_with_no_argument_and_no_other_gradient(cell: str, loss: str) -> None:
    model, arrays = _drawn(cell, loss)
    answer = own(model, arrays)
    results = list((answer.grads | answer.trace).items())
    for name, result in results:
        assert not [other for other, array in arrays.items() if np.shares_memory(result, array)], name
    grads = list(answer.grads.values())
    assert not any(np.shares_memory(one, two) for k, one in enumerate(grads) for two in grads[:k])


@pytest.mark.parametrize("cell", CELLS)
def test_the_activation_that_is_not_named_is_the_cells_first(cell: str) -> None:
    _, arrays = _drawn(cell)
    first = cells.get(cell).ACTIVATIONS[0]
    named = handgrad.loss_and_grads(arrays, cell=cell, activation=first)
    assert _bits(handgrad.loss_and_grads(arrays, cell=cell)) == _bits(named)


def test_relus_derivative_at_exactly_zero_is_zero() -> None:
    """Everything is zero, so every pre-activation is: with a derivative of 1 there, b_ih would have T·B = 6."""
    arrays = {"x": np.zeros((3, 2, 1)), "W_ih": np.ones((1, 1)), "W_hh": np.ones((1, 1)), "b_ih": np.zeros(1)}
    arrays["G"] = np.ones((3, 2, 1))
    answer = handgrad.loss_and_grads(arrays, cell="rnn", activation="relu", loss="cotangent")
    assert answer.grads["b_ih"].item() == 0
    assert handgrad.loss_and_grads(arrays, cell="rnn", activation="tanh", loss="cotangent").grads["b_ih"].item() > 6


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"cell": "elman"}, f"cell: got 'elman', allowed: {', '.join(CELLS)}"),
        ({"cell": "lstm", "activation": "relu"}, "activation: got 'relu', allowed with lstm: tanh, identity"),
        (
            {"cell": "rnn", "activation": "softsign"},
            "activation: got 'softsign', allowed with rnn: tanh, sigmoid, relu, identity",
        ),
        ({"loss": "hinge"}, f"loss: got 'hinge', allowed with lstm: {', '.join((*LOSSES, 'cotangent'))}"),
        ({"reduction": "average"}, "reduction: got 'average', allowed with lstm: sum, mean, mean-b, mean-t"),
    ],
)
def test_a_name_that_is_none_is_answered_with_those_that_are(names: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match="got") as raised:
        handgrad.loss_and_grads(_drawn("lstm")[1], **names)  # type: ignore[arg-type]
    assert str(raised.value) == message


@pytest.mark.parametrize("name", ["x", "W_ih", "W_hh", "y"])
def test_an_array_that_must_be_there_is_named_when_it_is_not(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        handgrad.loss_and_grads(_without(_drawn("lstm")[1], name))
