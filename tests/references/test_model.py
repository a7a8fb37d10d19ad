"""A model's names, shapes and refusals, and the fingerprint of its arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from handgrad.losses import REDUCTIONS as HANDGRADS
from references import equations
from references.equations import losses
from references.model import REDUCTIONS, Model, fingerprint

LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True)
SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": "elman"}, "cell: got 'elman', allowed: lstm, rnn"),
        ({"activation": "relu"}, "activation: got 'relu', allowed with cell lstm: tanh, identity"),
        ({"loss": "hinge"}, f"loss: got 'hinge', allowed: {', '.join(losses.NAMES)}"),
        ({"reduction": "average"}, "reduction: got 'average', allowed: sum, mean, mean-b, mean-t"),
        ({"biases": 3}, "biases: got 3, allowed: 0, 1, 2"),
        (
            {"loss": "cotangent"},
            "readout: got one, allowed: none with loss cotangent, which reads the hidden states",
        ),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="got") as raised:
        replace(LSTM, **change)
    assert str(raised.value) == message


@pytest.mark.parametrize("biases", [0, 1, 2])
@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", equations.cells())
def test_a_model_survives_the_way_to_another_process(cell: str, loss: str, biases: int) -> None:
    model = Model(cell, "tanh", loss, "mean-t", biases, readout=False)
    assert Model(**model.to_dict()) == model


def test_shapes_follow_from_axes_and_sizes() -> None:
    assert LSTM.shapes(SIZES) == {
        "W_ih": (20, 4), "W_hh": (20, 5), "b_ih": (20,), "b_hh": (20,), "W_hy": (7, 5), "b_y": (7,),
        "x": (6, 3, 4), "h0": (3, 5), "c0": (3, 5), "y": (6, 3),
    }  # fmt: skip
    rnn = Model("rnn", "relu", "cotangent", "sum", 2, False).shapes(SIZES)
    assert (rnn["W_ih"], rnn["G"], rnn["G_h"]) == ((5, 4), (6, 3, 5), (3, 5))
    assert not {"c0", "G_c", "y", "W_hy"} & set(rnn)


@pytest.mark.parametrize(("loss", "axes"), [("half-squared-error", "TBH"), ("first-unit-squared-error", "TB")])
def test_targets_without_a_readout_are_of_the_hidden_states(loss: str, axes: str) -> None:
    assert Model("rnn", "tanh", loss, "sum", 2, False).axes["y"] == tuple(axes)


def test_what_is_differentiated_what_is_graded_and_what_may_be_left_out() -> None:
    model = Model("lstm", "tanh", "cotangent", "sum", 1, False)
    assert model.differentiated == ("W_ih", "W_hh", "b_ih", "b_hh", "x", "h0", "c0")
    assert model.absent == ("b_hh",)
    assert model.graded == ("W_ih", "W_hh", "b_ih", "x", "h0", "c0")
    assert model.optional == ("G_h", "G_c")
    assert replace(model, biases=0).absent == ("b_ih", "b_hh")
    assert LSTM.optional == LSTM.absent == ()


def test_gates_are_stacked_along_the_pre_activations_alone() -> None:
    assert {name: LSTM.blocks(name) for name in LSTM.axes if LSTM.blocks(name) != 1} == dict.fromkeys(
        ("W_ih", "W_hh", "b_ih", "b_hh"), 4
    )


@pytest.mark.parametrize(("T", "B"), [(1, 1), (6, 3), (12, 4)])
def test_reductions_are_those_of_handgrad(T: int, B: int) -> None:
    ours = {name: divisor(T, B) for name, divisor in REDUCTIONS.items()}
    assert ours == {name: divisor(T, B) for name, divisor in HANDGRADS.items()}
    assert ours == {"sum": 1, "mean": T * B, "mean-b": B, "mean-t": T}
    assert replace(LSTM, reduction="mean").divisor(T, B) == T * B


@pytest.mark.parametrize("readout", [True, False])
def test_class_indices_become_one_hot_rows(readout: bool) -> None:
    model = replace(LSTM, readout=readout)
    arrays = {name: np.zeros(shape) for name, shape in model.shapes(SIZES).items()}
    arrays["y"] = np.arange(18).reshape(6, 3) % 5
    ready = model.for_equations(arrays, np.longdouble)
    assert {array.dtype for array in ready.values()} == {np.dtype(np.longdouble)}
    assert ready["y"].shape == (6, 3, 7 if readout else 5)
    assert (ready["y"].sum(axis=-1) == 1).all()
    assert (ready["y"].argmax(axis=-1) == arrays["y"]).all()


ARRAYS = {"W": np.arange(6.0).reshape(2, 3), "y": np.arange(3)}


def test_the_fingerprint_is_of_content_not_of_order_or_memory() -> None:
    turned = {"y": ARRAYS["y"], "W": np.asfortranarray(ARRAYS["W"])}
    assert fingerprint(turned) == fingerprint(ARRAYS)


@pytest.mark.parametrize(
    "other",
    [
        {"V": ARRAYS["W"], "y": ARRAYS["y"]},
        {"W": ARRAYS["W"]},
        {"W": ARRAYS["W"].astype("float32"), "y": ARRAYS["y"]},
        {"W": ARRAYS["W"].reshape(3, 2), "y": ARRAYS["y"]},
        {"W": ARRAYS["W"], "y": ARRAYS["y"].astype("int32")},
        {"W": np.nextafter(ARRAYS["W"], 9), "y": ARRAYS["y"]},
        {"W": ARRAYS["W"], "y": ARRAYS["y"][::-1]},
    ],
    ids=["name", "missing", "dtype", "shape", "integer dtype", "last bit", "order of values"],
)
def test_the_fingerprint_sees_every_difference(other: dict[str, np.ndarray]) -> None:
    assert fingerprint(other) != fingerprint(ARRAYS)


def test_the_fingerprint_sees_a_sign_of_zero() -> None:
    assert fingerprint({"W": np.zeros(2)}) != fingerprint({"W": -np.zeros(2)})
