"""Relations among gradients whose adjoints nobody sees: what they are, what violates them, and what they leave open."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from traced_backward import noisy, sound, traced

from harness.candidate import own
from harness.case import Case, from_seed
from harness.diagnosis.backward import Backward
from harness.diagnosis.parity import Parity
from references.model import Model

LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
RNN = Model("rnn", "tanh", "cotangent", "sum", 2, False)
MODELS = [
    RNN,
    LSTM,
    Model("rnn", "sigmoid", "sigmoid-half-squared-error", "mean", 0, True),
    Model("rnn", "relu", "squared-error", "mean-t", 1, False),
    Model("lstm", "identity", "softmax-cross-entropy", "mean-b", 1, True),
    Model("lstm", "tanh", "half-squared-error", "sum", 2, False),
]
SIZES = {"T": 3, "B": 2, "D": 7, "H": 2, "K": 3}
TOLERANCE = 1e-9
Arrays = Mapping[str, np.ndarray]


@cache
def case_of(model: Model) -> Case:
    """One-hot inputs, as probes have them."""
    case = from_seed(model, SIZES, seed=5)
    T, B, D = case.arrays["x"].shape
    return Case(model, {**case.arrays, "x": np.eye(T * B, D).reshape(T, B, D)}, "one-hot")


@cache
def made(model: Model, without: tuple[str, ...] = (), shown: tuple[str, ...] = ()) -> Parity:
    case = case_of(model)
    seen = {name: np.full(case.arrays[name].shape, name not in without) for name in model.differentiated}
    return Parity(Backward(case), seen, shown)


def right(model: Model) -> Arrays:
    return own(model, case_of(model).copies()).grads


@cache
def every(model: Model) -> tuple[str, ...]:
    """All adjoints that are no gradients."""
    return tuple(one.quantity for one in Backward(case_of(model)).equations if not one.graded)


def worst(violated: np.ndarray) -> float:
    return float(np.abs(violated).max(initial=0.0))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.cell}-{model.loss}")
@pytest.mark.parametrize("without", [(), ("x",), ("h0", "c0"), ("b_hh",), ("x", "h0", "c0", "b_hh", "W_hh")], ids=str)
def test_right_gradients_violate_nothing(model: Model, without: tuple[str, ...]) -> None:
    parity = made(model, tuple(name for name in without if name in model.differentiated))
    assert len(parity.violated(right(model))) > 10
    assert worst(parity.violated(right(model))) < TOLERANCE


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.cell}-{model.loss}")
def test_any_gradient_that_is_a_little_off_violates_something(model: Model) -> None:
    grads, parity = right(model), made(model)
    scale = max(np.abs(grad).max() for grad in grads.values())
    assert scale > 0
    rng = np.random.default_rng(0)
    for name, grad in grads.items():
        off = grads | {name: grad + 1e-4 * scale * rng.normal(size=grad.shape)}
        assert worst(parity.violated(off)) > 1e3 * TOLERANCE, name


def test_relations_are_orthonormal_and_the_columns_together_the_unit_matrix() -> None:
    for model in (RNN, LSTM):
        parity = made(model)
        columns = np.concatenate([parity.columns(one.quantity) for one in parity.backward.equations], axis=1)
        np.testing.assert_allclose(columns @ columns.T, np.eye(len(columns)), atol=1e-12)


def test_bases_are_orthonormal_each_and_placed() -> None:
    parity = made(LSTM)
    taken = [parity.places(tag) for tag in parity.tags]
    np.testing.assert_array_equal(np.concatenate(taken), np.arange(parity.bases.shape[1]))
    for tag, at in zip(parity.tags, taken, strict=True):
        basis = parity.bases[:, at]
        np.testing.assert_allclose(basis.T @ basis, np.eye(at.size), atol=1e-12)
        columns = np.concatenate([parity.columns(q) for q in parity.tags[tag]], axis=1)
        np.testing.assert_allclose(basis @ (basis.T @ columns), columns, atol=1e-12)
    np.testing.assert_allclose(parity.gram, parity.bases.T @ parity.bases)
    assert not parity.places("no such equation").size
    assert not parity.only("no such equation").size


@pytest.mark.parametrize("model", [RNN, LSTM], ids=["rnn", "lstm"])
def test_what_only_one_equation_explains_is_out_of_reach_of_all_others(model: Model) -> None:
    parity = made(model)
    sure = 0
    for tag in parity.tags:
        directions = parity.only(tag)
        sure += bool(directions.size)
        np.testing.assert_allclose(directions.T @ directions, np.eye(directions.shape[1]), atol=1e-12)
        for other, quantities in parity.tags.items():
            for q in quantities if other != tag else ():
                assert np.abs(directions.T @ parity.columns(q)).max(initial=0) < 1e-8, (tag, other)
    assert sure


@pytest.mark.parametrize("model", [RNN, LSTM], ids=["rnn", "lstm"])
def test_a_broken_equation_lies_within_its_own_columns(model: Model) -> None:
    parity = made(model)
    for tag, quantities in parity.tags.items():
        for q in quantities:
            grads, _ = traced(case_of(model), noisy(q, seed=1))
            violated = parity.violated(grads)
            assert worst(violated) > 1e3 * TOLERANCE, q
            basis = parity.bases[:, parity.places(tag)]
            assert worst(violated - basis @ (basis.T @ violated)) < TOLERANCE, q


def test_what_cannot_be_told_apart_from_outside_is_the_same() -> None:
    parity = made(LSTM)
    for one, other in (("4*i", "2*i"), ("4*f", "2*f"), ("4*g", "3*")):
        assert parity.same(one, other)
        assert parity.same(other, one)
    for one, other in (("4*i", "4*f"), ("2*i", "3*"), ("5*c", "4*c"), ("1*U", "1*W"), ("5*h", "1*h")):
        assert not parity.same(one, other)


def test_a_trace_tells_more_apart() -> None:
    parity = made(LSTM, shown=("di", "df", "dg"))
    for one, other in (("4*i", "2*i"), ("4*f", "2*f"), ("4*g", "3*")):
        assert not parity.same(one, other)
    assert len(parity.violated(*traced(case_of(LSTM), sound))) > len(made(LSTM).violated(right(LSTM)))


@pytest.mark.parametrize("model", [RNN, LSTM], ids=["rnn", "lstm"])
def test_with_everything_shown_a_violation_is_the_residual_of_one_equation(model: Model) -> None:
    parity = made(model, shown=every(model))
    assert worst(parity.violated(*traced(case_of(model), sound))) < TOLERANCE  # though nothing but rounding is left
    for one in parity.backward.equations:
        violated = parity.violated(*traced(case_of(model), noisy(one.quantity)))
        towards = {q.quantity: parity.columns(q.quantity).T @ violated for q in parity.backward.equations}
        broken = {q for q, part in towards.items() if worst(part) > TOLERANCE}
        assert broken == {one.quantity}


def test_an_array_that_is_not_given_shows_nothing() -> None:
    parity = made(LSTM, without=("x", "c0"))
    assert not {"1*x"} & set(parity.tags)
    assert "dc0" not in parity.tags.get("1*0", ())
    assert {"1*x", "1*0"} <= set(made(LSTM).tags)
    grads = {**right(LSTM), "x": np.full(case_of(LSTM).arrays["x"].shape, np.nan)}
    assert worst(parity.violated(grads)) < TOLERANCE  # what is not given is not looked at


def test_entries_that_are_not_given_are_not_looked_at() -> None:
    case = case_of(LSTM)
    seen = {name: np.ones(case.arrays[name].shape, bool) for name in LSTM.differentiated}
    seen["W_ih"][:, 3] = seen["W_hh"][1:3] = False
    parity, grads = Parity(Backward(case), seen), {name: grad.copy() for name, grad in right(LSTM).items()}
    for name, mask in seen.items():
        grads[name][~mask] = np.nan
    assert worst(parity.violated(grads)) < TOLERANCE
    off = {**grads, "W_ih": grads["W_ih"] * np.where(np.arange(7) == 1, 1.5, 1)}
    assert worst(parity.violated(off)) > 1e3 * TOLERANCE


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_violations_are_relative_to_the_largest_number(size: float) -> None:
    case = case_of(LSTM)
    scaled = {name: size * case.arrays[name] for name in ("G", "G_h", "G_c")}
    other = Case(LSTM, {**case.arrays, **scaled}, "scaled")
    seen = {name: np.ones(case.arrays[name].shape, bool) for name in LSTM.differentiated}
    parity, grads = Parity(Backward(other), seen), dict(own(LSTM, other.copies()).grads)
    assert worst(parity.violated(grads)) < TOLERANCE
    off = {**grads, "W_hh": 2 * grads["W_hh"]}
    plain = {**right(LSTM), "W_hh": 2 * right(LSTM)["W_hh"]}
    assert worst(parity.violated(off)) == pytest.approx(worst(made(LSTM).violated(plain)), rel=0.5)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.cell}-{model.loss}")
def test_adjoints_of_right_gradients_are_the_right_ones(model: Model) -> None:
    parity = made(model)
    found = parity.adjoints(right(model), {}, ())
    assert set(found) == {one.quantity for one in parity.backward.equations if not one.graded}
    for q, values in found.items():
        np.testing.assert_allclose(values, parity.backward.right[q], rtol=1e-8, atol=1e-10, err_msg=q)


@pytest.mark.parametrize(
    ("model", "broken"),
    [(RNN, "dh"), (RNN, "dh_next"), (RNN, "G"), (LSTM, "dc"), (LSTM, "da_o"), (LSTM, "dh_next"), (LSTM, "dh_end")],
    ids=lambda value: getattr(value, "cell", value),
)
def test_lifted_adjoints_are_the_candidates_own_or_none(model: Model, broken: str) -> None:
    grads, trace = traced(case_of(model), noisy(broken))
    found = made(model).adjoints(grads, {}, (broken,))
    known = 0
    for q, values in found.items():
        told = np.isfinite(values)
        known += told.all()
        np.testing.assert_allclose(values[told], trace[q][told], rtol=1e-6, atol=1e-8, err_msg=q)
    assert known > len(found) / 2


def test_nothing_tells_a_product_of_which_both_factors_are_lifted() -> None:
    grads, trace = traced(case_of(LSTM), noisy("di"))
    found = made(LSTM).adjoints(grads, {}, ("di", "da_i"))
    assert np.isnan(found["di"]).all()  # its product alone is seen
    np.testing.assert_allclose(found["da_i"], trace["da_i"], rtol=1e-6)
    shown = made(LSTM, shown=("di",)).adjoints(grads, trace, ("di", "da_i"))
    np.testing.assert_array_equal(shown["di"], trace["di"])


def test_quantities_that_there_are_not_are_passed_over() -> None:
    plain = made(RNN).adjoints(right(RNN), {}, ())
    for q, values in made(RNN).adjoints(right(RNN), {}, ("dc", "no such quantity")).items():
        np.testing.assert_array_equal(values, plain[q])


def test_with_all_cotangents_zero_nothing_is_violated() -> None:
    case = case_of(RNN)
    silent = Case(RNN, {**case.arrays, **{name: 0 * case.arrays[name] for name in ("G", "G_h")}}, "silent")
    parity = Parity(Backward(silent), made(RNN).seen)
    zeros = {name: np.zeros(case.arrays[name].shape) for name in RNN.differentiated}
    assert worst(parity.violated(zeros)) == 0
    assert worst(parity.violated({**zeros, "b_ih": np.full(2, 1e-9)})) > 0.01
