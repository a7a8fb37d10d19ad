"""What a candidate may return: what is taken, and for each thing that is wrong its own message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.candidates.failure import CandidateFailed
from harness.candidates.results import normalised

PARAMS: dict[str, Any] = {"Wf": np.ones((5, 8)), "bf": np.ones((5, 1)), "by": np.ones(5), "s": 2.0, "n": 3}
DATA: dict[str, Any] = {"x": [np.ones((3, 1)) for _ in range(4)], "y": np.array([1, 2]), "T": None, "words": "abc"}
WF, BF = np.full((5, 8), 2.0), np.full((5, 1), 3.0)


def grads(**given: Any) -> dict[str, np.ndarray]:
    """What becomes of gradients beside a right one."""
    return normalised((1.0, {"Wf": WF, **given}), PARAMS, DATA).grads


def refused(returned: Any) -> str:
    """The message for what a candidate returned."""
    with pytest.raises(CandidateFailed) as raised:
        normalised(returned, PARAMS, DATA)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_right_answer_is_taken_as_it_is() -> None:
    answer = normalised((np.float64(1.5), {"Wf": WF, "bf": BF}, {"h": np.ones((4, 5))}), PARAMS, DATA)
    assert (answer.loss.shape, answer.loss.dtype, float(answer.loss)) == ((), np.dtype(float), 1.5)
    assert answer.grads.keys() == {"Wf", "bf"} and answer.trace.keys() == {"h"} and answer.notes == ()
    np.testing.assert_array_equal(answer.grads["Wf"], WF)
    assert not np.shares_memory(answer.grads["Wf"], WF)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "it returned None, needs loss, grads or loss, grads, trace"),
        (1.0, "it returned a float, needs loss, grads or loss, grads, trace"),
        ({"Wf": WF}, "it returned a dict of 1, needs loss, grads or loss, grads, trace"),
        ((1.0, {}, {}, {}), "it returned a tuple of 4, needs loss, grads or loss, grads, trace"),
        ([1.0, {"Wf": WF}], "it returned a list of 2, needs loss, grads or loss, grads, trace"),
    ],
)
def test_what_is_no_answer(returned: Any, message: str) -> None:
    assert refused(returned) == message


@pytest.mark.parametrize("loss", [2, 2.0, np.float32(2), np.array(2.0), np.array([2.0]), np.array([[2.0]]), [2.0]])
def test_losses_that_are_taken(loss: Any) -> None:
    answer = normalised((loss, {"Wf": WF}), PARAMS, DATA)
    assert answer.loss.shape == () and answer.loss.dtype.kind == "f" and answer.loss == 2


def test_a_loss_of_a_matrix_and_one_that_is_not_finite() -> None:
    assert normalised((np.ones((1, 1)).view(np.matrix), {"Wf": WF}), PARAMS, DATA).loss.shape == ()
    assert np.isnan(normalised((float("nan"), {"Wf": WF}), PARAMS, DATA).loss)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (None, "loss: got None, needs a number"),
        ("0.5", "loss: got a str, needs a number"),
        (np.ones(5), "loss: got shape (5,), needs a single number: sum it"),
        ([], "loss: got shape (0,), needs a single number: sum it"),
        (1 + 2j, "loss: got a complex number, needs a real one"),
        (True, "loss: got a bool, needs a number"),
        ({"loss": 1.0}, "loss: got a dict of 1, needs a number"),
    ],
)
def test_losses_that_are_none(loss: Any, message: str) -> None:
    assert refused((loss, {"Wf": WF})) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([WF, BF], "grads: got a list of 2, needs a dict: a gradient for each name"),
        (None, "grads: got None, needs a dict: a gradient for each name"),
        ({}, "grads: got none, needs at least one array's gradient"),
        (
            {"Wg": WF},
            "grads: got 'Wg', allowed: Wf, bf, by, s, n, x, y, T, words, or dNAME for each",
        ),
        ({3: WF}, "grads: got the key 3, needs the name of an array"),
        ({"Wf": WF, "dWf": WF}, "grads: got both 'Wf' and 'dWf', needs one gradient of Wf"),
        ({"x": [np.ones((3, 1))] * 4}, "grads: got x, none of a parameter: Wf, bf, by, s, n"),
        ({"Wf": None}, "Wf: got None for its gradient, needs an array; leave out what is not computed"),
        ({"y": np.ones(2)}, "y: got a gradient, but y is an array of int64 of shape (2,); leave it out"),
        ({"n": 1.0}, "n: got a gradient, but n is an int; leave it out"),
        ({"words": 1.0}, "words: got a gradient, but words is a str; leave it out"),
        ({"Wf": WF.T}, "Wf: got a gradient of shape (8, 5), Wf has (5, 8): this is its transpose"),
        ({"Wf": np.ones((5, 7))}, "Wf: got a gradient of shape (5, 7), Wf has (5, 8)"),
        (
            {"bf": np.ones((5, 5))},
            "bf: got a gradient of shape (5, 5), bf has (5, 1): a (5, 1) and a (5,) were broadcast against each "
            "other somewhere; keep one of the two shapes throughout",
        ),
        (
            {"by": np.ones((5, 5))},
            "by: got a gradient of shape (5, 5), by has (5,): a (5, 1) and a (5,) were broadcast against each "
            "other somewhere; keep one of the two shapes throughout",
        ),
        ({"by": np.ones((4, 5))}, "by: got a gradient of shape (4, 5), by has (5,): not summed over an axis of 4"),
        ({"Wf": 0.0}, "Wf: got a gradient of shape (), Wf has (5, 8)"),
        (
            {"Wf": WF.astype(int)},
            "Wf: got a gradient of dtype int64, needs floats: an integer buffer drops all decimals",
        ),
        ({"Wf": WF > 0}, "Wf: got a gradient of dtype bool, needs floats: an integer buffer drops all decimals"),
        ({"Wf": WF.astype(complex)}, "Wf: got a gradient of dtype complex128, needs real floats"),
        (
            {"Wf": WF.astype(object)},
            "Wf: got a gradient of dtype object (an array of object of shape (5, 8)), needs floats",
        ),
        ({"Wf": "none"}, "Wf: got a gradient of dtype <U4, needs floats"),
        ({"Wf": {0: WF}}, "Wf: got a gradient of dtype object (a dict of 1), needs floats"),
        (
            {"x": [np.ones((3, 1)), None, None, None]},
            "x: got None at step 1 of its gradient, needs an array at every step",
        ),
        (
            {"x": [np.ones((3, 1)), np.ones((2, 1))]},
            "x: got a gradient as a list of arrays of shapes (3, 1) and (2, 1), needs equal ones",
        ),
        ({"x": [np.ones((3, 1))] * 5}, "x: got a gradient of shape (5, 3, 1), x has (4, 3, 1)"),
    ],
)
def test_gradients_that_are_none(given: Any, message: str) -> None:
    assert refused((1.0, given)) == message


def test_a_gradient_that_says_itself_why_it_is_no_array() -> None:
    class Tensor:
        def __array__(self, *_: Any, **__: Any) -> np.ndarray:
            raise RuntimeError("Can't call numpy()\non a Tensor that requires grad")

    expected = "Wf: its gradient: got a Tensor, which is no array: Can't call numpy() on a Tensor that requires grad"
    assert refused((1.0, {"Wf": Tensor()})) == expected


@pytest.mark.parametrize("key", ["dbf", "d_bf", "gradbf", "grad_bf", "bf_grad", "bf_diff"])
def test_usual_forms_of_a_name(key: str) -> None:
    np.testing.assert_array_equal(grads(**{key: BF})["bf"], BF)


def test_a_name_comes_before_a_form() -> None:
    """A parameter dW beside W: dW is its own gradient, not that of W."""
    params = {"W": np.ones(2), "dW": np.ones(3)}
    answer = normalised((1.0, {"dW": np.zeros(3)}), params, {})
    assert answer.grads.keys() == {"dW"}


def test_a_form_that_may_mean_two_names() -> None:
    params = {"W": np.ones(2), "_W": np.ones(2)}
    with pytest.raises(CandidateFailed, match="got 'd_W', which may mean W or _W; use the plain names"):
        normalised((1.0, {"d_W": np.zeros(2)}), params, {})


def test_lists_over_time_are_stacked() -> None:
    steps = [np.full((3, 1), float(t)) for t in range(4)]
    np.testing.assert_array_equal(grads(x=steps)["x"], np.stack(steps))
    np.testing.assert_array_equal(grads(x=np.stack(steps))["x"], np.stack(steps))


def test_a_gradient_of_a_number() -> None:
    assert grads(s=1.5)["s"].shape == () and grads(ds=np.array([1.5]))["s"] == 1.5


def test_axes_of_size_one_are_taken_with_a_note() -> None:
    answer = normalised((1.0, {"bf": np.arange(5.0)}), PARAMS, DATA)
    np.testing.assert_array_equal(answer.grads["bf"], np.arange(5.0).reshape(5, 1))
    assert answer.notes == (("shape", "bf came back as (5,), taken as (5, 1)", ("bf",)),)


def test_a_matrix_is_taken_with_a_note() -> None:
    answer = normalised((1.0, {"Wf": WF.view(np.matrix)}), PARAMS, DATA)
    assert type(answer.grads["Wf"]) is np.ndarray
    assert answer.notes == (("np.matrix", "Wf came back as an np.matrix, taken as an array", ("Wf",)),)


def test_low_precision_is_noted() -> None:
    answer = normalised(
        (1.0, {"Wf": WF.astype(np.float32), "bf": BF.astype(np.float32), "by": np.ones(5)}), PARAMS, DATA
    )
    assert answer.notes == (("low precision", "float32 comes back where float64 went in", ("Wf", "bf")),)


def test_what_is_not_finite_passes_on() -> None:
    assert np.isnan(grads(bf=np.full((5, 1), np.nan))["bf"]).all()


def test_what_is_not_returned_passes_on() -> None:
    assert grads().keys() == {"Wf"}


def test_a_trace_that_is_none_is_left_aside() -> None:
    answer = normalised((1.0, {"Wf": WF}, np.ones(5)), PARAMS, DATA)
    assert answer.trace == {}
    assert answer.notes[0][:2] == (
        "trace",
        "got an array of float64 of shape (5,) as trace, needs a dict of arrays; left aside",
    )
    answer = normalised((1.0, {"Wf": WF}, {"h": [np.ones(5)] * 4, "n": 3, "hs": {0: 1.0}}), PARAMS, DATA)
    assert answer.trace["h"].shape == (4, 5)
    assert answer.notes == (("trace", "left aside, as they are no arrays of floats: n, hs", ()),)
