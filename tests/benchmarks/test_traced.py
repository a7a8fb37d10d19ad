"""The recorded trace of a faulted handgrad: what a sound one would record, and what a fault leaves."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks import traced
from harness.bank.catalogue import catalogue, fault
from harness.case import Case, from_seed
from harness.diagnosis.backward import Backward
from harness.diagnosis.known_together import gradients
from references.model import Model

T = 4


@cache
def case(cell: str = "lstm") -> Case:
    model = Model(cell, "tanh", "cotangent", "sum", 2, False)
    return from_seed(model, {"T": T, "B": 2, "D": 3, "H": 2, "K": 5}, "float64", 0)


def recorded(*names: str, cell: str = "lstm") -> dict[str, np.ndarray]:
    return traced.answers([fault(name) for name in names], case(cell)).trace


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_of_a_sound_handgrad_every_quantity_is_right(cell: str) -> None:
    backward, trace = Backward(case(cell)), recorded(cell=cell)
    for one in backward.equations:
        if not one.graded:
            np.testing.assert_allclose(trace[one.quantity], backward.right[one.quantity], rtol=1e-12, atol=1e-14)
    for name in [name for name in trace if name.startswith("tape_")]:
        np.testing.assert_allclose(trace[name], backward.forward[name.removeprefix("tape_")], rtol=1e-12)
    assert trace["order"].tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize("name", ["lstm/4*i/scale/2", "lstm/1*/stacking/da-ifog", "lstm/1*h/too-early", "rnn/2*a/sign"])
def test_recording_changes_no_gradient(name: str) -> None:
    one = case(name.split("/")[0])
    for array, grad in gradients([fault(name)], one).items():
        np.testing.assert_array_equal(traced.answers([fault(name)], one).grads[array], grad)


def test_a_faulted_line_is_recorded_as_it_computes() -> None:
    right, trace = recorded(), recorded("lstm/4*i/scale/2")
    np.testing.assert_allclose(trace["di"][-1], 2 * right["di"][-1])
    np.testing.assert_array_equal(trace["dg"][-1], right["dg"][-1])


def test_what_is_written_late_is_recorded_as_the_step_reads_it_and_as_it_is_summed() -> None:
    trace = recorded("lstm/2*f/wrong-index/written-later")
    assert not trace["da_f"][:-1].any()  # the last step writes to itself
    assert trace["da_summed"][1:, :, 2:4].any()


def test_steps_that_are_not_visited_are_zero() -> None:
    trace = recorded("lstm/1*t/loop/without-last-step")
    assert trace["order"].tolist() == [2, 1, 0]
    assert not trace["dh"][-1].any() and trace["dh"][0].any()


def test_a_loop_that_never_runs_leaves_everything_zero() -> None:
    short = from_seed(case().model, {"T": 1, "B": 2, "D": 3, "H": 2, "K": 5}, "float64", 0)
    trace = traced.answers([fault("lstm/1*t/loop/without-first-step")], short).trace
    assert trace["da"].shape == (1, 2, 8) and trace["dh_next"].shape == (1, 2, 2)
    assert not trace["da"].any() and trace["order"].size == 0


def test_a_second_walk_replaces_the_first() -> None:
    assert recorded("rnn/1*t/loop/twice", cell="rnn")["order"].tolist() == [3, 2, 1, 0] * 2


def test_of_one_walk_per_step_the_sums_are_recorded() -> None:
    trace = recorded("model/1*t/truncated/window-2")
    assert trace["order"].tolist() == [0, 1, 0, 2, 1, 3, 2]
    grads = traced.answers([fault("model/1*t/truncated/window-2")], case()).grads
    np.testing.assert_allclose(trace["da_summed"].sum(axis=(0, 1)), grads["b_ih"])
    np.testing.assert_allclose(trace["G"], case().arrays["G"])


def test_what_the_tape_is_read_as() -> None:
    right, trace = recorded(), recorded("lstm/tape/stacking/gates-gfio")
    np.testing.assert_array_equal(trace["tape_g"], right["tape_i"])
    np.testing.assert_array_equal(trace["tape_f"], right["tape_f"])


def test_only_faults_of_the_cotangent_can_be_traced() -> None:
    other = next(one for one in catalogue() if one.loss == "softmax-cross-entropy")
    with pytest.raises(ValueError, match=r"fault: got .*, traced: those of models with the loss cotangent"):
        traced.answers([other], case())
