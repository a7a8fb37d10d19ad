"""The finding in one sentence."""

from __future__ import annotations

from planted import LSTM, RNN

from harness.diagnosed import Fault
from harness.diagnosis.sentences import sentence


def test_one_equation_is_told_in_full() -> None:
    text = sentence(RNN, [Fault(("1*h",), "dh_next is zero")])
    assert text == "(1*h) dh_next = da W_hh is broken: dh_next is zero"


def test_what_cannot_be_told_apart_is_named_beside_it() -> None:
    text = sentence(LSTM, [Fault(("3*", "4*g"), "it is twice")])
    assert text == "(3*) da_g = dg ⊙ (1 − g²) is broken (or (4*g), which cannot be told apart): it is twice"
    assert "(or (4*g), (3*) or (1*), which" in sentence(LSTM, [Fault(("2*i", "4*g", "3*", "1*"), "wrong")])


def test_gates_that_are_wrong_alike_are_told_once() -> None:
    alike = {"i": "4*i", "f": "4*f", "o": "5*o"}
    faults = [Fault((f"2*{k}", other), f"da_{k} lacks d{k}, not {k}") for k, other in alike.items()]
    assert sentence(LSTM, faults) == (
        "3 equations are broken: (2*i), (2*f) and (2*o) (or (4*i), (4*f) and (5*o), which cannot be told apart): "
        "da_k lacks dk, not k, for k = i, f, o"
    )


def test_sums_of_equal_words_are_told_once() -> None:
    faults = [Fault((tag,), "dc is summed in place of da_g") for tag in ("1*W", "1*U", "1*b")]
    assert sentence(LSTM, faults) == ("3 equations are broken: (1*W), (1*U) and (1*b): dc is summed in place of da_g")


def test_different_words_stand_one_behind_the_other() -> None:
    text = sentence(LSTM, [Fault(("2*i",), "da_i is twice"), Fault(("2*f",), "da_f is half")])
    assert text == (
        "2 equations are broken: (2*i) da_i = di ⊙ i ⊙ (1 − i): da_i is twice; "
        "(2*f) da_f = df ⊙ f ⊙ (1 − f): da_f is half"
    )


def test_a_cell_of_one_gate_has_no_gates_to_group() -> None:
    assert "a is wrong" in sentence(RNN, [Fault(("2*a",), "a is wrong")])


def test_nothing_broken() -> None:
    assert sentence(RNN, []) == "no equation shows to be broken"
