"""Which equations still show beside what is broken; stacks that are told as their parts."""

from __future__ import annotations

import planted
from planted import LSTM, RNN

from harness.diagnosis.parts import shown, split, unseen


def test_beside_one_broken_equation_nearly_all_others_show() -> None:
    found = planted.found(planted.asked(LSTM, "lstm/4*i/scale/2"), ("4*i", "2*i"))
    assert {"2*f", "3*", "5*c", "1*h", "1*W", "1*x", "7*G"} <= shown(found)
    assert not {"4*i", "2*i"} & shown(found)
    assert unseen(found) == ()


def test_where_all_that_is_given_is_broken_nothing_shows() -> None:
    ask = planted.asked(RNN)
    plain = ask.__call__

    class Sums(type(ask)):  # type: ignore[misc]
        def __call__(self, case):  # type: ignore[no-untyped-def]
            return {name: grad if name == "W_hh" else grad + float("nan") for name, grad in plain(case).items()}

    few = Sums(ask.under_test, ask.model)
    found = planted.found(few, ("1*U",))
    assert shown(found) == frozenset()
    assert {"2*a", "2*h"} <= set(unseen(found))
    assert "2*a" in shown(planted.found(few))


def test_a_stack_whose_gates_are_wrong_differently_is_told_as_its_gates() -> None:
    ask = planted.asked(LSTM, "lstm/2*i/activated-twice", "lstm/2*f/scale/2", "lstm/3*/sign", "lstm/2*o/scale/10")
    found = split(planted.found(ask, ("1*",)))
    assert [set(unit) for unit in found.units] == [{"2*i", "4*i"}, {"2*f", "4*f"}, {"3*", "4*g"}, {"2*o", "5*o"}]


def test_a_stack_that_is_wrong_alike_everywhere_stays() -> None:
    found = planted.found(planted.asked(LSTM, "lstm/1*/scale/2"), ("1*",))
    assert split(found) is found


def test_another_equation_is_no_stack() -> None:
    found = planted.found(planted.asked(LSTM, "lstm/3*/scale/2"), ("3*",))
    assert split(found) is found
