"""Faults that no gradient tells apart, and those that change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from harness.bank.catalogue import catalogue, fault
from harness.bank.classes import FaultClass, classes, without_effect
from harness.bank.reasons import UNKNOWN
from harness.candidate import own
from harness.case import from_seed
from references.model import Model


def _class_of(name: str) -> FaultClass:
    (found,) = [one for one in (*classes(), *classes(weak=True)) if name in one.members]
    return found


def test_there_are_at_least_five_hundred_behaviours() -> None:
    assert len(classes()) >= 500


def test_every_fault_is_in_one_class_or_without_effect() -> None:
    for weak in (False, True):
        members = [name for one in classes(weak) for name in one.members]
        idle = [one.id for one, _ in without_effect() if one.weak == weak]
        assert sorted(members + idle) == sorted(one.id for one in catalogue(weak=weak))


def test_no_weak_fault_is_without_effect() -> None:
    assert not [one.id for one, _ in without_effect() if one.weak]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("lstm/4*i/scale/2", "lstm/2*i/scale/2"),  # only the product of the two lines is visible
        ("lstm/5*h/zero", "lstm/5*h/dropped-line"),
        ("lstm/4*f/dropped-factor/c_prev", "lstm/2*f/wrong-variable/df-dc"),
        ("lstm/1*W/wrong-index/da-reversed", "lstm/1*W/wrong-index/x-reversed"),
        ("rnn/2*h/dropped-term/dh_next", "rnn/2*a/wrong-variable/dh-G"),
        ("lstm/5*h/sign/G", "model/7*G/sign"),
    ],
)
def test_equal_behaviour_is_one_class(one: str, two: str) -> None:
    assert _class_of(one) is _class_of(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("lstm/5*h/clipped/1", "lstm/5*h/clipped/5"),  # at a large cotangent only
        ("lstm/4*i/clipped/1", "lstm/2*i/clipped/1"),
        ("rnn/1*h/truncated/after-4", "rnn/1*h/truncated/every-4"),  # beyond eight steps only
        ("rnn/2*H/zero", "rnn/2*h/dropped-term/dh_next"),  # at several steps only
        ("rnn/1*W/mean-for-sum/T", "rnn/1*W/mean-for-sum/B"),
        ("lstm/5*c/dropped-factor/slope", "lstm/5*c/wrong-derivative/relu"),
        ("half-squared-error/7*/clipped/5", "model/7*n/clipped/5"),  # behind a mean only
    ],
)
def test_what_differs_somewhere_is_not_one_class(one: str, two: str) -> None:
    assert _class_of(one) is not _class_of(two)


def test_the_simplest_kind_stands_for_its_class() -> None:
    assert _class_of("lstm/2*o/dropped-line").representative == "lstm/5*o/zero"
    assert all(one.representative == one.members[0] for one in classes())


def test_a_class_says_in_which_models_it_shows() -> None:
    (only,) = _class_of("lstm/5*c/wrong-derivative/tanh").models
    assert only == Model("lstm", "identity", "cotangent", "sum", 2, readout=False)
    (mean,) = _class_of("model/7*n/dropped-factor/n").models
    assert mean.reduction == "mean"
    assert _class_of("rnn/2*a/sign").models[0] == fault("rnn/2*a/sign").model


def test_what_has_no_effect_equals_the_sound_gradient_and_has_a_reason() -> None:
    for one, reason in without_effect():
        assert reason not in ("", UNKNOWN), one.id
        for seed, T in enumerate((1, 4, 7)):
            arrays = from_seed(one.model, {"T": T, "B": 3, "D": 4, "H": 5, "K": 6}, seed=100 + seed).copies()
            sound = own(one.model, arrays).grads
            for name, grad in one.candidate(one.model, arrays).grads.items():
                np.testing.assert_allclose(grad, sound[name], rtol=0, atol=1e-12 * np.abs(sound[name]).max())


def test_reasons_in_words() -> None:
    reasons = {one.id: reason for one, reason in without_effect()}
    assert reasons["lstm/1*b/wrong-index/da-reversed"] == (
        "db is a sum over all steps, which is the same in reversed order"
    )
    assert reasons["softmax-cross-entropy/7*/clipped/5"] == (
        "softmax(z) − e_y lies within ±1: the limit is never exceeded"
    )
    assert reasons["model/1*b/accumulation/one-array"] == "the values are right: they only share their memory"


def test_what_has_an_effect_is_not_listed_as_without() -> None:
    idle = {one.id for one, _ in without_effect()}
    seen = ("lstm/4*i/wrong-variable/g-f", "softmax-cross-entropy/7*/clipped/0.1", "lstm/1*U/wrong-index/h-reversed")
    assert not idle & set(seen)
