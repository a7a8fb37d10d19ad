"""A candidate whose forward pass is not the named cell's, and one of whose forward nothing is known."""

from __future__ import annotations

import pytest

import harness
from harness import casebook
from harness.diagnosed import Diagnosis
from harness.diagnosis import departing

FOLDER = casebook.entry("nan-lstm").folder


@pytest.fixture(scope="module")
def told() -> Diagnosis:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(departing, "_EXAMPLE", 2.0)
        run = harness.compare(candidate=FOLDER / "fault_4.py", references=(), diagnose=True)
    assert run.diagnosis is not None
    return run.diagnosis


def test_states_that_are_exchanged_are_named_in_both_directions(told: Diagnosis) -> None:
    assert told.sentence.startswith("forward is not the named cell's: the states h and c are exchanged at every step")
    assert "for that forward 2 equations are broken: (5*h)" in told.sentence
    assert "each receives the other's carry" in told.sentence
    assert [fault.tags for fault in told.faults] == [("1",), ("5*h",), ("5*c",)]


def test_forward_equations_stand_before_those_of_backward(told: Diagnosis) -> None:
    tags = [row.tag for row in told.equations]
    assert tags.index("1") < tags.index("7") < tags.index("7*") < tags.index("1*0")
    assert {row.tag for row in told.equations if row.status == "broken"} == {"1", "5*h", "5*c"}
    assert {row.tag for row in told.equations if row.status == "untested"} == {"1*x"}  # inputs are indices


def test_no_line_is_looked_for_and_that_is_said(told: Diagnosis) -> None:
    assert (told.places, told.localised) == ((), False)
    assert any(note.startswith("lines are looked for once forward is the named cell's") for note in told.notes)
    assert told.step.startswith("mend forward first")
    assert told.example is not None
