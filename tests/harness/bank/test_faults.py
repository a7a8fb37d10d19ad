"""Faults do what they say, against formulas written by hand, and weak ones are as weak as they should be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import faults
import numpy as np
import pytest

import handgrad
from harness.bank.catalogue import catalogue, fault
from harness.candidate import own
from harness.case import DEFAULT_SIZES, from_seed
from references.model import Model

Arrays = dict[str, np.ndarray]
SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}
LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, readout=False)
RNN = Model("rnn", "tanh", "cotangent", "sum", 2, readout=False)


def _arrays(model: Model, sizes: dict[str, int] | None = None) -> Arrays:
    return from_seed(model, sizes or SIZES).copies()


def _equal(answer: handgrad.Gradients, expected: handgrad.Gradients | Any) -> None:
    for name, grad in expected.grads.items():
        np.testing.assert_allclose(answer.grads[name], grad, rtol=1e-10, atol=1e-12, err_msg=name)


def test_carried_without_the_forget_gate() -> None:
    arrays = _arrays(LSTM)
    _equal(fault("lstm/4*c/dropped-factor/f").candidate(LSTM, arrays), faults.no_forget_in_the_carry(LSTM, arrays))


def test_the_recurrent_term_before_its_adjoint() -> None:
    """The casebook's program, whose recurrent term reads an adjoint that is still zero."""
    case = faults.model_question()
    answer = fault("rnn/1*h/too-early").candidate(case.model, case.copies())
    _equal(answer, faults.no_flow_through_time(case.model, case.copies()))


def test_reversed_cotangents_leave_the_loss_right() -> None:
    arrays = _arrays(LSTM)
    answer = fault("model/7*G/wrong-index/G-reversed").candidate(LSTM, arrays)
    _equal(answer, faults.reversed_cotangent(LSTM, arrays))
    assert answer.loss == own(LSTM, arrays).loss


def test_exchanged_blocks() -> None:
    arrays = _arrays(LSTM)
    sound = own(LSTM, arrays).grads["W_hh"]
    i, f, g, o = np.split(sound, 4)
    wrong = fault("lstm/1*U/stacking/fg").candidate(LSTM, arrays).grads["W_hh"]
    np.testing.assert_array_equal(wrong, np.concatenate([i, g, f, o]))


def test_the_slope_of_the_state_before() -> None:
    """One step at a time, from the equations of an rnn alone."""
    arrays = _arrays(RNN)
    h = np.concatenate([arrays["h0"][np.newaxis], own(RNN, arrays).trace["h"]])
    dh_next, dW = arrays["G_h"], 0
    for t in reversed(range(SIZES["T"])):
        da = (arrays["G"][t] + dh_next) * (1 - h[t] ** 2)
        dW = dW + np.einsum("ba,bd->ad", da, arrays["x"][t])
        dh_next = da @ arrays["W_hh"]
    answer = fault("rnn/2*a/wrong-index/h-earlier").candidate(RNN, arrays)
    np.testing.assert_allclose(answer.grads["W_ih"], dW, rtol=1e-12)
    np.testing.assert_allclose(answer.grads["h0"], dh_next, rtol=1e-12)


@pytest.mark.parametrize("model", [LSTM, RNN], ids=["lstm", "rnn"])
def test_a_window_per_cotangent_is_the_sound_gradient_of_short_sequences(model: Model) -> None:
    """Each step's cotangent alone, on the sequence that begins with the state before its window."""
    arrays, T, steps = _arrays(model), SIZES["T"], 4
    states = ("h", "c") if model.cell == "lstm" else ("h",)
    kept = {name: np.concatenate([arrays[f"{name}0"][np.newaxis], own(model, arrays).trace[name]]) for name in states}
    expected = {name: np.zeros_like(arrays[name]) for name in model.differentiated}
    for last in range(T):
        first = max(0, last - steps + 1)
        part = arrays | {"x": arrays["x"][first : last + 1]} | {f"{name}0": kept[name][first] for name in states}
        part["G"] = np.zeros_like(arrays["G"][first : last + 1])
        part["G"][-1] = arrays["G"][last]
        part |= {name: arrays[name] * (last == T - 1) for name in model.optional}
        for name, grad in own(model, part).grads.items():
            if name == "x":
                expected[name][first : last + 1] += grad
            elif first == 0 or not name.endswith("0"):
                expected[name] += grad
    answer = fault("model/1*t/truncated/window-4").candidate(model, arrays)
    _equal(answer, answer._replace(grads=expected))


def test_a_reduction_that_is_left_out_shows_where_there_is_one() -> None:
    one = fault("model/7*n/dropped-factor/n")
    mean = replace(one.model, reduction="mean")
    arrays = _arrays(mean)
    summed = own(one.model, arrays)
    answer = one.candidate(mean, arrays)
    _equal(answer, summed)
    assert answer.loss == own(mean, arrays).loss  # the loss is the mean still


def test_a_clip_shows_where_it_is_reached() -> None:
    one = fault("rnn/2*h/clipped/1")
    arrays = _arrays(RNN)
    small = arrays | {name: 1e-5 * arrays[name] for name in ("G", "G_h")}
    _equal(one.candidate(RNN, small), own(RNN, small))
    large = arrays | {name: 1e3 * arrays[name] for name in ("G", "G_h")}
    assert np.abs(one.candidate(RNN, large).grads["h0"]).max() < 0.1 * np.abs(own(RNN, large).grads["h0"]).max()


@pytest.mark.parametrize("weak", [one for one in catalogue(weak=True) if one.kind == "scale"], ids=lambda one: one.id)
def test_weak_scales_move_no_array_by_more_than_their_thousandth_per_step(weak: Any) -> None:
    arrays = _arrays(weak.model)
    sound, wrong = own(weak.model, arrays).grads, weak.candidate(weak.model, arrays).grads
    moved = [np.abs(wrong[name] - sound[name]).max() / np.abs(sound[name]).max() for name in sound]
    assert 1e-5 < max(moved) < 1.1e-3 * SIZES["T"]


def test_weak_faults_of_a_parameter_are_exactly_a_thousandth() -> None:
    arrays = _arrays(LSTM)
    sound = own(LSTM, arrays).grads["W_hh"]
    largest = np.abs(sound).max()
    scaled, clipped, nudged = (
        fault(f"lstm/1*U/{name}").candidate(LSTM, arrays).grads["W_hh"]
        for name in ("scale/1.001", "clipped/below-largest", "one-entry")
    )
    np.testing.assert_allclose(scaled, 1.001 * sound, rtol=1e-15)
    np.testing.assert_array_equal(clipped, np.clip(sound, -0.999 * largest, 0.999 * largest))
    assert np.abs(clipped).max() == 0.999 * largest
    np.testing.assert_allclose(nudged[nudged != sound], 1.001 * sound[np.abs(sound) == largest], rtol=1e-15)


@pytest.mark.parametrize(
    "weak", [one for one in catalogue(weak=True) if one.kind == "truncated"], ids=lambda one: one.id
)
def test_weak_truncations_show_only_beyond_the_default_length(weak: Any) -> None:
    usual = _arrays(weak.model, dict(DEFAULT_SIZES))
    _equal(weak.candidate(weak.model, usual), own(weak.model, usual))
    long = _arrays(weak.model, {**SIZES, "T": 23})
    wrong, sound = weak.candidate(weak.model, long).grads["h0"], own(weak.model, long).grads["h0"]
    assert not np.allclose(wrong, sound, rtol=1e-9, atol=0)


def test_every_weak_fault_is_of_one_of_four_kinds() -> None:
    assert {one.kind for one in catalogue(weak=True)} == {"scale", "clipped", "one-entry", "truncated"}
