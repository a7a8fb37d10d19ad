"""What stands in an equation's place, told from values: planted faults without their bank, and what is right."""

from __future__ import annotations

import planted
import pytest
from planted import LSTM, READOUT, RNN

from harness.diagnosis.values import Values
from references.model import Model

TOLD = (
    # by a pattern
    (LSTM, "lstm/2*i/scale/2", "2*i", "constant ratio 2"),
    (LSTM, "lstm/5*o/sign", "5*o", "constant ratio −1"),
    (LSTM, "lstm/5*h/clipped/5", "5*h", "clipped at ±5"),
    (LSTM, "lstm/1*/stacking/da-ifog", "1*", "gates permuted: i, f, g, o hold i, f, o, g"),
    (LSTM, "lstm/1*U/partial-sum/without-f", "1*U", "exactly zero, gate f alone"),
    (LSTM, "lstm/4*i/dropped-line/last-step", "4*i", "zero at the last step"),
    (LSTM, "lstm/1*W/partial-sum/without-last-step", "1*W", "the last step's share is left out"),
    (RNN, "rnn/1*h/zero", "1*h", "exactly zero"),
    (RNN, "rnn/1*W/mean-for-sum/T", "1*W", "mean for sum: each step's share ÷ T"),
    (RNN, "rnn/1*b/scale/2", "1*b", "constant ratio 2"),
    (RNN, "rnn/2*a/offset/0.01", "2*a", "0.01 is added to every entry"),
    (RNN, "rnn/2*h/mixed-batch/mean", "2*h", "batch-averaged: every entry holds the mean over B"),
    (READOUT, "lstm/5*o/scale/2", "5*o", "constant ratio 2"),
)
INSTEAD = (
    # by what stands there
    (LSTM, "lstm/3*/activated-twice", "3*", "da_g has (1 − tanh(g)²) in place of (1 − g²)"),
    (LSTM, "lstm/2*f/wrong-variable/f-i", "2*f", "da_f has i ⊙ (1 − i) in place of f ⊙ (1 − f)"),
    (LSTM, "lstm/2*i/dropped-factor/1-i", "2*i", "da_i lacks the factor (1 − i)"),
    (LSTM, "lstm/5*c/dropped-term/dc_next", "5*c", "dc lacks the term dc_next"),
    (LSTM, "lstm/1*U/wrong-variable/h_prev-g", "1*U", "g in place of h_{t-1}"),
    (LSTM, "lstm/1*0/wrong-variable/dh0-dh_next-dh", "1*0", "dh0 holds dh of the first step"),
    (LSTM, "lstm/3*/wrong-index/g-later", "3*", "da_g has (1 − g²) of the step after in place of its own"),
    (RNN, "rnn/1*h/dropped-factor/W_hh", "1*h", "dh_next holds da"),
)


@pytest.mark.parametrize(("model", "fault", "tag", "words"), TOLD)
def test_a_pattern_is_told(model: Model, fault: str, tag: str, words: str) -> None:
    [wrong, *_] = Values(planted.found(planted.asked(model, fault), (tag,))).wrong((tag,))
    assert (wrong.pattern, wrong.instead) == (words, "")
    assert wrong.error > 1e-3


@pytest.mark.parametrize(("model", "fault", "tag", "words"), INSTEAD)
def test_what_stands_there_is_told(model: Model, fault: str, tag: str, words: str) -> None:
    [wrong, *_] = Values(planted.found(planted.asked(model, fault), (tag,))).wrong((tag,))
    assert (wrong.instead, wrong.pattern) == (words, "")


def test_what_is_wrong_in_no_known_way_has_no_words() -> None:
    found = planted.found(planted.asked(LSTM, "lstm/1*h/stacking/W_hh-ig"), ("1*h",))
    [wrong] = Values(found).wrong(("1*h",))
    assert (wrong.instead, wrong.pattern, wrong.said) == ("", "", False)
    assert wrong.where.startswith("at every step")


@pytest.mark.parametrize("model", [RNN, LSTM, READOUT])
def test_of_what_is_right_nothing_is_wrong(model: Model) -> None:
    found = planted.found(planted.asked(model))
    values = Values(found)
    assert all(values.wrong((tag,)) == [] for tag in sorted(found.visible))


def test_words_that_hold_in_one_case_only_are_not_said() -> None:
    """Where the first of the batch is left out, a case of one is zero, and others are not."""
    found = planted.found(planted.asked(LSTM, "lstm/1*W/partial-sum/without-first-entry"), ("1*W",))
    [wrong] = Values(found).wrong(("1*W",))
    assert wrong.pattern != "exactly zero"


def test_of_two_that_cannot_be_told_apart_the_one_comes_first_that_has_what_is_wrong() -> None:
    """The slope stands in da_i; as a fault of di it would have to be divided away."""
    found = planted.found(planted.asked(LSTM, "lstm/2*i/activated-twice"), ("4*i", "2*i"))
    assert Values(found).wrong(("4*i", "2*i"))[0].tag == "2*i"


def test_several_broken_equations_do_not_disturb_each_other() -> None:
    ask = planted.asked(LSTM, "lstm/2*i/activated-twice", "lstm/3*/scale/2", "lstm/4*c/sign")
    values = Values(planted.found(ask, ("2*i",), ("3*",), ("4*c",)))
    told = {tag: values.wrong((tag,))[0] for tag in ("2*i", "3*", "4*c")}
    assert told["2*i"].instead == "da_i has σ(i) ⊙ (1 − σ(i)) in place of i ⊙ (1 − i)"
    assert (told["3*"].pattern, told["4*c"].pattern) == ("constant ratio 2", "constant ratio −1")
