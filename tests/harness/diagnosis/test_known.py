"""Planted faults named by their behaviour: alone, together, on any model, by candidates that give few arrays."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from harness.bank.catalogue import catalogue, fault
from harness.bank.fault import KINDS
from harness.candidate import own
from harness.case import Case, from_seed
from harness.diagnosis import known, known_switched
from harness.diagnosis.known_together import gradients
from harness.diagnosis.known_trials import Ask, trials
from harness.diagnosis.known_words import computed, in_words, right, told
from harness.errors import BadInput
from references.model import Model

LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
MODELS = (
    LSTM,
    Model("rnn", "relu", "half-squared-error", "mean", 1, True),
    Model("rnn", "tanh", "cotangent", "sum", 0, False),
    Model("lstm", "identity", "first-unit-squared-error", "sum", 1, False),
    Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True),
)


def drawn(model: Model) -> known.Make:
    return lambda sizes, seed: from_seed(model, sizes, seed=7919 + seed)


def faulted(*ids: str) -> Ask:
    return lambda case: gradients([fault(one) for one in ids], case)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.cell}-{model.loss}")
def test_a_planted_fault_is_among_its_own_twins(model: Model) -> None:
    concerned = [one for one in catalogue(weak=False) if one.concerns(model)]
    named = 0
    for one in random.Random(model.cell + model.loss).sample(concerned, 12):
        found = trials(faulted(one.id), model, drawn(model))
        twins = known.equals(found, known.ordered(model, [one.equation]))
        assert (one in twins) == any(trial.wrong for trial in found), one.id
        named += bool(twins)
    assert named > 6


def test_without_a_conviction_every_fault_is_tried_and_the_simplest_comes_first() -> None:
    twins = known.twins(faulted("lstm/4*i/scale/2"), LSTM, drawn(LSTM))
    assert {"lstm/4*i/scale/2", "lstm/2*i/scale/2"} <= {
        twin.id for twin in twins
    }  # one unit: their product alone shows
    order = [kind.name for kind in KINDS]
    assert [order.index(twin.kind) for twin in twins] == sorted(order.index(twin.kind) for twin in twins)


def test_among_keeps_to_the_equations_that_are_given() -> None:
    ask = faulted("lstm/4*i/scale/2")
    assert {twin.equation for twin in known.twins(ask, LSTM, drawn(LSTM), ["2*i"])} == {"2*i"}
    assert known.twins(ask, LSTM, drawn(LSTM), ["3*"]) == ()


def test_a_right_candidate_has_no_twin() -> None:
    assert known.twins(gradients_of_handgrad, LSTM, drawn(LSTM)) == ()


def gradients_of_handgrad(case: Case) -> Mapping[str, np.ndarray]:
    return own(case.model, case.copies()).grads


def test_a_fault_that_the_bank_does_not_have_has_no_twin() -> None:
    def odd(case: Case) -> Mapping[str, np.ndarray]:
        grads = dict(gradients_of_handgrad(case))
        return grads | {"W_hh": grads["W_hh"] * 1.37}

    assert known.twins(odd, LSTM, drawn(LSTM)) == ()


def test_arrays_that_the_candidate_does_not_give_are_not_compared() -> None:
    planted = faulted("lstm/3*/activated-twice")

    def few(case: Case) -> Mapping[str, np.ndarray]:
        grads = planted(case)
        assert grads is not None
        return {"W_ih": grads["W_ih"], "W_hh": np.full_like(grads["W_hh"], np.nan), "b_ih": grads["b_ih"]}

    assert fault("lstm/3*/activated-twice") in known.twins(few, LSTM, drawn(LSTM), ["3*"])


def test_a_truncation_is_told_from_one_that_is_longer() -> None:
    twins = known.twins(faulted("lstm/4*c/truncated/after-8"), LSTM, drawn(LSTM), ["4*c"])
    assert [twin.id for twin in twins if twin.kind == "truncated"] == ["lstm/4*c/truncated/after-8"]


def test_a_clip_shows_behind_a_loss_whose_adjoint_is_bounded() -> None:
    ask, model = faulted("lstm/5*h/clipped/5"), MODELS[-1]
    assert "lstm/5*h/clipped/5" in {twin.id for twin in known.twins(ask, model, drawn(model), ["5*h"])}


def test_cases_that_the_candidate_cannot_take_are_passed_over() -> None:
    planted = faulted("rnn/2*a/wrong-derivative/logistic")
    model = MODELS[2]

    def single(sizes: Mapping[str, int], seed: int) -> Case:
        if sizes["B"] > 1:
            raise BadInput("B: got more than one")
        return from_seed(model, sizes, seed=seed)

    def short(case: Case) -> Mapping[str, np.ndarray] | None:
        return None if case.sizes["T"] > 6 else planted(case)

    assert fault("rnn/2*a/wrong-derivative/logistic") in known.twins(short, model, single, ["2*a"])
    assert known.twins(lambda case: None, model, single) == ()


PAIRS: Sequence[tuple[str, ...]] = (
    ("lstm/3*/activated-twice", "lstm/2*i/activated-twice"),
    ("lstm/5*h/dropped-term/dh_next", "lstm/4*f/wrong-index/c_prev-later"),
    ("lstm/1*/scale/2", "lstm/1*h/scale/2"),  # of one line: the stacked da, and what reads it
    ("lstm/1*/stacking/da-ogif", "lstm/5*c/wrong-variable/o-h_prev"),  # what moves entries
    ("model/7*G/scale/10", "model/7*F/scale/2"),  # both behind the line of the loss
    ("model/7*G/scale/2", "lstm/1*W/mean-for-sum/T", "lstm/4*g/wrong-variable/i-f"),
)


@pytest.mark.parametrize("ids", PAIRS, ids=" + ".join)
def test_faults_together_are_each_named(ids: tuple[str, ...]) -> None:
    planted = [fault(one) for one in ids]
    found = known.together(faulted(*ids), LSTM, drawn(LSTM), [[one.equation] for one in planted], seconds=10)
    assert [one.equation for one in found] == [one.equation for one in planted]
    case = from_seed(LSTM, {"T": 6, "B": 2, "D": 3, "H": 5, "K": 5}, seed=31)
    wanted, got = gradients(planted, case), gradients(found, case)
    for name, grad in wanted.items():
        np.testing.assert_allclose(got[name], grad, rtol=1e-9, atol=1e-12)


def test_faults_of_other_equations_than_the_broken_ones_explain_nothing() -> None:
    ask = faulted("lstm/3*/activated-twice", "lstm/2*i/activated-twice")
    assert known.together(ask, LSTM, drawn(LSTM), [["3*"], ["2*f"]]) == ()


def test_faults_that_are_switched_on_are_those_that_are_compiled() -> None:
    groups = [known.ordered(LSTM, [tag], anywhere=False) for tag in ("5*c", "1*t", "7*G", "1*U")]
    switched = known_switched.gradients(groups)
    case = from_seed(LSTM, {"T": 5, "B": 2, "D": 3, "H": 4, "K": 4}, seed=3)
    rng = random.Random(0)
    for _ in range(20):
        some = [rng.choice(group) for group in rng.sample(groups, 2)]
        wanted, got = gradients(some, case), switched(some, case)
        for name, grad in wanted.items():
            np.testing.assert_array_equal(got[name], grad, err_msg=str([one.id for one in some]))


def test_two_faults_of_one_line_are_refused() -> None:
    case = from_seed(LSTM, {"T": 2, "B": 1, "D": 2, "H": 2, "K": 2})
    with pytest.raises(ValueError, match="got two of line"):
        gradients([fault("lstm/4*i/scale/2"), fault("lstm/4*i/sign")], case)


def test_words_say_what_is_wrong_and_what_to_use() -> None:
    twice = fault("lstm/3*/activated-twice")
    assert in_words(twice) == "in da_g tanh is applied to g, which is already activated; use da_g = dg ⊙ (1 − g²)"
    assert computed(twice) == "da_g = dg ⊙ (1 − tanh(g)²)"
    assert in_words(fault("lstm/4*i/wrong-variable/g-f")) == "di reads f in place of g; use di = dc ⊙ g"
    assert right(fault("softmax-cross-entropy/7*/zero")) == "dz = p − e_y"  # of its loss, not ∂loss/∂z
    assert computed(fault("model/7*n/dropped-factor/n")) == ""  # dz = dz says nothing
    said = told(fault("lstm/4*i/wrong-variable/g-f"), tags=("4*i", "2*i"))
    assert (said.tags, said.known) == (("4*i", "2*i"), "lstm/4*i/wrong-variable/g-f")
    assert said.instead == "it computes di = dc ⊙ f; use di = dc ⊙ g"


def test_every_planted_fault_has_words_without_code() -> None:
    for one in catalogue(weak=False):
        text = f"{in_words(one)} {computed(one)}"
        assert not any(code in text for code in ("np.", "[t]", "wrong.", "reshape(", " * ")), (one.id, text)
