"""The backward pass as single equations: against handgrad, and each of them by itself, fed a candidate's own values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from traced_backward import noisy, sound, traced

from harness.bank.catalogue import fault
from harness.candidate import own
from harness.case import Case, from_seed
from harness.diagnosis.adjoints import SEVERAL
from harness.diagnosis.backward import Backward, models
from harness.diagnosis.texts import equations as texts
from references import equations
from references.equations import losses
from references.model import REDUCTIONS, Model

SIZES = {"T": 4, "B": 2, "D": 3, "H": 2, "K": 5}
LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
RNN = Model("rnn", "tanh", "cotangent", "sum", 2, False)
MODELS = [
    Model(cell, activation, loss, list(REDUCTIONS)[k % 4], k % 3, readout)
    for cell in equations.cells()
    for activation in equations.cell(cell).ACTIVATIONS
    for k, loss in enumerate(losses.NAMES)
    for readout in ((False,) if loss in losses.ON_HIDDEN else (False, True))
]
#: every reduction with every number of biases
OTHERS = [Model("lstm", "tanh", "half-squared-error", name, n, True) for name in REDUCTIONS for n in (0, 1, 2)]
QUANTITIES = [
    (model, one.quantity) for model in (RNN, LSTM) for one in Backward(from_seed(model, SIZES)).equations
]  # fmt: skip


def named(model: Model) -> str:
    return "-".join(map(str, model.to_dict().values()))


def assert_gradients(backward: Backward, grads: Mapping[str, np.ndarray]) -> None:
    for name, grad in grads.items():
        scale = np.abs(grad).max(initial=0.0) or 1.0
        np.testing.assert_allclose(backward.right[f"d{name}"] / scale, grad / scale, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("model", [*MODELS, *OTHERS], ids=named)
def test_right_gradients_are_handgrads(model: Model) -> None:
    case = from_seed(model, SIZES, seed=3)
    assert models(model)
    found = Backward(case)
    assert_gradients(found, own(model, case.copies()).grads)
    assert {one.graded for one in found.equations} == {"", *model.differentiated}


@pytest.mark.parametrize("model", [RNN, LSTM], ids=named)
def test_cotangents_of_final_states_may_be_missing(model: Model) -> None:
    whole = from_seed(model, SIZES)
    for missing in (["G_h"], list(model.optional)):
        case = replace(whole, arrays={name: a for name, a in whole.arrays.items() if name not in missing})
        backward = Backward(case)
        assert not set(missing) & set(backward.by_quantity)
        assert_gradients(backward, own(model, case.copies()).grads)


@pytest.mark.parametrize("sizes", [{"T": 1}, {"B": 1}, {"H": 1}, {"T": 1, "B": 1, "D": 1, "H": 1}], ids=str)
def test_sizes_of_one(sizes: Mapping[str, int]) -> None:
    for model in (RNN, LSTM):
        case = from_seed(model, {**SIZES, **sizes}, seed=1)
        assert_gradients(Backward(case), own(model, case.copies()).grads)


def test_all_adjoints_are_those_of_a_pass_written_out_by_hand() -> None:
    for model in (RNN, LSTM, replace(LSTM, activation="identity", reduction="mean")):
        case = from_seed(model, SIZES, seed=2)
        grads, trace = traced(case, sound)
        right = Backward(case).right
        shown = trace | {f"d{name}": grad for name, grad in grads.items()}
        assert set(shown) == set(right)
        for name, value in shown.items():
            np.testing.assert_allclose(right[name], value, rtol=1e-11, atol=1e-13, err_msg=name)


@pytest.mark.parametrize(("model", "broken"), QUANTITIES, ids=lambda value: getattr(value, "cell", value))
def test_given_a_full_trace_a_broken_equation_alone_has_a_residual(model: Model, broken: str) -> None:
    case = from_seed(model, SIZES, seed=5)
    grads, trace = traced(case, noisy(broken))
    values = trace | {f"d{name}": grad for name, grad in grads.items()}
    right = Backward(case).computed(values)
    residuals = {name: np.abs(right[name] - value).max() / np.abs(value).max() for name, value in values.items()}
    assert {name for name, residual in residuals.items() if residual > 1e-12} == {broken}
    assert residuals[broken] > 0.01


def test_several_broken_equations_are_told_apart() -> None:
    broken = {"dc_end", "df", "da_o", "dh_next", "dW_hh", "dc0"}
    case = from_seed(LSTM, SIZES, seed=6)
    grads, trace = traced(case, noisy(*broken))
    values = trace | {f"d{name}": grad for name, grad in grads.items()}
    right = Backward(case).computed(values)
    assert {name for name, value in values.items() if not np.allclose(right[name], value, rtol=1e-10)} == broken


@pytest.mark.parametrize("model", [MODELS[1], LSTM, RNN], ids=named)
def test_the_matrices_are_what_is_computed(model: Model) -> None:
    backward = Backward(from_seed(model, SIZES))
    columns, constant, matrix = backward.linear
    rng = np.random.default_rng(0)
    values = {q: rng.normal(size=backward.shapes[q]) for q in columns}
    flat = np.concatenate([values[q].ravel() for q in columns])
    computed = backward.computed(values)
    for one in backward.equations:
        wanted = np.broadcast_to(computed[one.quantity], backward.shapes[one.quantity]).ravel()
        got = constant[one.quantity] + matrix[one.quantity] @ flat
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12, err_msg=one.quantity)


@pytest.mark.parametrize("model", [*MODELS[:12], LSTM], ids=named)
def test_an_equation_reads_what_it_says_and_nothing_else(model: Model) -> None:
    backward = Backward(from_seed(model, SIZES))
    columns, _, matrix = backward.linear
    for one in backward.equations:
        read = {q for q, at in columns.items() if matrix[one.quantity][:, at].any()}
        assert read == set(one.reads), one.quantity


@pytest.mark.parametrize("model", [LSTM, RNN, MODELS[2], MODELS[-2]], ids=named)
def test_every_equation_of_the_text_is_listed_by_its_number(model: Model) -> None:
    backward = Backward(from_seed(model, SIZES))
    tags = {tag for one in backward.equations for each in one.tags for tag in each.split(SEVERAL)}
    cotangent = {"7*G", "7*F"}
    readout = {"6*h", "6*W", "6*b"}
    given = cotangent if model.loss == losses.COTANGENT else {"7*", "7*n"} | (readout if model.readout else set())
    from_loss = cotangent | readout | {"7*", "7*n"}
    assert tags == {tag for tag in texts(model.cell) if tag not in from_loss | {"1*t"}} | given


def test_only_stacked_adjoints_have_parts() -> None:
    backward = Backward(from_seed(LSTM, SIZES))
    assert {q: n for q in backward.shapes if (n := backward.parts_of(q))} == {"da": 4, "da_summed": 4}
    assert not any(map(Backward(from_seed(RNN, SIZES)).parts_of, ("da", "dh", "dW_ih")))


def permuted(order: str) -> Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
    return lambda forward: {gate: forward[other] for gate, other in zip(order, "ifgo", strict=True)}


Variant = Callable[[Case], dict[str, Any]]
VARIANTS: dict[str, Variant] = {
    "lstm/1*t/loop/forward": lambda case: {"order": range(case.sizes["T"])},
    "lstm/1*t/loop/without-first-step": lambda case: {"order": range(case.sizes["T"] - 1, 0, -1)},
    "lstm/1*t/loop/every-second-step": lambda case: {"order": range(case.sizes["T"] - 1, -1, -2)},
    "rnn/1*t/loop/forward-without-last-step": lambda case: {"order": range(case.sizes["T"] - 1)},
    "rnn/1*t/truncated/loop-2": lambda case: {"order": [case.sizes["T"] - 1, case.sizes["T"] - 2]},
    "rnn/1*h/truncated/every-2": lambda case: {"cut": [t for t in range(1, case.sizes["T"]) if t % 2 == 0]},
    "lstm/1*t/truncated/after-2": lambda case: {"cut": range(case.sizes["T"] - 1)},
    "lstm/tape/stacking/hc": lambda case: {"tape": {s: Backward(case).forward[o] for s, o in ("hc", "ch")}},
    "lstm/tape/wrong-index/gates-reversed": lambda case: {
        "tape": {gate: Backward(case).forward[gate][::-1] for gate in "ifgo"}
    },
    "lstm/1*/stacking/da-by-unit": lambda case: {"stack": "units"},
    "lstm/1*/stacking/da-ifog": lambda case: {"stack": (0, 1, 3, 2)},
    "lstm/1*/stacking/da-fgoi": lambda case: {"stack": (1, 2, 3, 0)},
}
VARIANTS |= {
    f"lstm/tape/stacking/gates-{order}": lambda case, order=order: {"tape": permuted(order)(Backward(case).forward)}  # type: ignore[misc]
    for order in ("ifog", "fgoi", "ogif")
}


@pytest.mark.parametrize("planted", VARIANTS)
def test_orders_cuts_tapes_and_stacks_are_the_faults_of_that_behaviour(planted: str) -> None:
    one = fault(planted)
    case = from_seed(one.model, SIZES, seed=8)
    grads = one.candidate(one.model, case.copies()).grads
    assert_gradients(Backward(case, **VARIANTS[planted](case)), grads)
    with pytest.raises(AssertionError):  # it has an effect
        assert_gradients(Backward(case), grads)


def test_weights_of_the_sizes_of_steps_and_batch_keep_their_rows() -> None:
    one = fault("rnn/1*t/loop/without-first-step")
    case = from_seed(RNN, {"T": 3, "B": 2, "D": 2, "H": 3, "K": 3})  # W_ih is 3 by 2, as T by B
    assert_gradients(Backward(case, order=(2, 1)), one.candidate(RNN, case.copies()).grads)


def test_a_loop_that_visits_no_step_leaves_zeros_and_hands_on_what_came_in() -> None:
    case = from_seed(LSTM, SIZES)
    right = Backward(case, order=()).right
    for name in ("W_ih", "W_hh", "b_ih", "x"):
        assert not right[f"d{name}"].any()
    np.testing.assert_array_equal(right["dh0"], case.arrays["G_h"])
    np.testing.assert_array_equal(right["dc0"], case.arrays["G_c"])


def test_the_case_is_left_as_it_was() -> None:
    case = from_seed(MODELS[1], SIZES)
    before = case.fingerprint
    assert Backward(case).right
    assert replace(case).fingerprint == before


def test_of_many_numbers_the_right_ones_are_the_same() -> None:
    case = from_seed(Model("lstm", "tanh", "cotangent", "sum", 2, False), {"T": 12, "B": 4, "D": 7, "H": 16, "K": 16})
    right = Backward(case).right
    grads = own(case.model, case.copies()).grads
    for name, grad in grads.items():
        np.testing.assert_allclose(right[f"d{name}"], grad, rtol=1e-10, atol=1e-12)
