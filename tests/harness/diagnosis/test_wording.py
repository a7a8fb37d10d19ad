"""Broken equations in words: planted faults that behave the same, values where there is none, what is seen of each."""

from __future__ import annotations

import planted
import pytest
from planted import LSTM, READOUT, RNN

from harness.diagnosis.structures import structures
from harness.diagnosis.wording import NEVER, listed, named
from references.model import Model


@pytest.mark.parametrize(
    ("model", "fault", "unit", "lead"),
    [
        (LSTM, "lstm/3*/activated-twice", ("4*g", "3*"), "3*"),
        (LSTM, "lstm/2*f/dropped-factor/1-f", ("4*f", "2*f"), "2*f"),
        (LSTM, "lstm/4*i/wrong-variable/g-o", ("2*i", "4*i"), "4*i"),
        (RNN, "rnn/1*U/scale/2", ("1*U",), "1*U"),
    ],
)
def test_a_planted_fault_is_recognised_and_leads(model: Model, fault: str, unit: tuple[str, ...], lead: str) -> None:
    ask = planted.asked(model, fault)
    [told] = named(ask, planted.found(ask, unit)).faults
    assert (told.known, told.tags[0], set(told.tags)) == (fault, lead, set(unit))
    assert told.sentence


def test_two_planted_faults_are_recognised_together() -> None:
    ids = ("lstm/2*i/activated-twice", "lstm/4*c/sign")
    ask = planted.asked(LSTM, *ids)
    told = named(ask, planted.found(ask, ("4*i", "2*i"), ("4*c",))).faults
    assert tuple(fault.known for fault in told) == ids


def test_without_the_bank_values_tell_it() -> None:
    ask = planted.asked(LSTM, "lstm/3*/activated-twice")
    [told] = named(ask, planted.found(ask, ("4*g", "3*")), planted=False).faults
    assert (told.tags, told.known) == (("3*", "4*g"), "")
    assert told.sentence == "da_g has (1 − tanh(g)²) in place of (1 − g²)"
    assert told.instead == "use da_g = dg ⊙ (1 − g²)"


@pytest.mark.parametrize(
    ("model", "fault", "tag", "quantity"),
    [(RNN, "rnn/1*h/zero", "1*h", "dh_next"), (LSTM, "lstm/4*c/zero", "4*c", "dc_next")],
)
@pytest.mark.parametrize("planted_", [True, False])
def test_a_carry_that_is_zero_never_arrives(model: Model, fault: str, tag: str, quantity: str, planted_: bool) -> None:
    ask = planted.asked(model, fault)
    [told] = named(ask, planted.found(ask, (tag,)), planted=planted_).faults
    assert told.sentence == f"{NEVER}: {quantity} is zero at every step"


@pytest.mark.parametrize(("model", "fault", "tag"), [(LSTM, "lstm/3*/zero", "3*"), (RNN, "rnn/1*h/sign", "1*h")])
def test_other_faults_are_no_missing_carry(model: Model, fault: str, tag: str) -> None:
    ask = planted.asked(model, fault)
    [told] = named(ask, planted.found(ask, (tag,))).faults
    assert NEVER not in told.sentence


def test_what_has_no_words_is_said_to_have_none() -> None:
    ask = planted.asked(LSTM, "lstm/1*h/stacking/W_hh-ig")
    [told] = named(ask, planted.found(ask, ("1*h",)), planted=False).faults
    assert told.sentence.endswith("in no way that we know")
    assert (told.pattern, told.known, told.instead) == ("", "", "use dh_next = da W_hh")


def test_a_structure_speaks_for_itself() -> None:
    structure = next(one for one in structures(RNN) if one.sentence == "the loop runs forward in time")
    ask = planted.asked(RNN, "rnn/1*t/loop/forward")
    [told] = named(ask, planted.found(ask, structure.tags, structure=structure)).faults
    assert (told.tags, told.sentence) == (structure.tags, structure.sentence)


def test_a_gradient_of_the_loss_and_its_divisor_cannot_be_told_apart() -> None:
    ask = planted.asked(READOUT, "half-squared-error/7*/scale/2")
    assert named(ask, planted.found(ask, ("7*",))).found.units == (("7*", "7*n"),)


def test_every_equation_is_listed_once_with_what_was_seen_of_it() -> None:
    ask = planted.asked(LSTM, "lstm/2*i/scale/2")
    told = named(ask, planted.found(ask, ("2*i", "4*i")))
    rows = {row.tag: row for row in listed(LSTM, told.found, told.values)}
    assert {tag for tag, row in rows.items() if row.status == "alternative"} == {"2*i", "4*i"}
    assert rows["2*i"].unit == ("2*i", "4*i")
    assert rows["2*i"].quantity == "da_i"
    assert rows["2*i"].residual == pytest.approx(1)
    assert rows["2*i"].where == "at every step"
    assert {row.status for tag, row in rows.items() if tag not in ("2*i", "4*i")} == {"holds"}
    assert "6*h" not in rows  # there is no readout


def test_alone_it_is_broken() -> None:
    ask = planted.asked(RNN, "rnn/1*W/scale/2")
    told = named(ask, planted.found(ask, ("1*W",)))
    rows = {row.tag: row.status for row in listed(RNN, told.found, told.values)}
    assert {tag for tag, status in rows.items() if status == "broken"} == {"1*W"}


def test_where_nothing_is_broken_all_hold() -> None:
    ask = planted.asked(LSTM)
    told = named(ask, planted.found(ask))
    assert told.faults == ()
    assert {row.status for row in listed(LSTM, told.found, told.values)} == {"holds"}


def test_where_nothing_was_answered_nothing_was_seen() -> None:
    assert {row.status for row in listed(RNN, None, None)} == {"untested"}
