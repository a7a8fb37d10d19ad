"""What stands beside a verdict begins the sentence; gradients from a file are only told again."""

from __future__ import annotations

from dataclasses import replace

import pytest

import harness
from harness.diagnosed import Diagnosis, Fault
from harness.diagnosis import beside, by_file
from harness.run import Finding, Judgement

SCALED = Finding("scaled", "every gradient is 2 times the right one")
IMPURE = Finding("impure", "a second call gives other gradients")
BLIND = Finding("blind", "B = 1")


@pytest.fixture(scope="module")
def failing() -> Judgement:
    import planted

    run = harness.compare(
        candidate=planted.faulted("rnn/1*U/sign"), cell="rnn", loss="cotangent", references=(), shape="T=3,B=2,D=3,H=4"
    )
    return next(judgement for judgement in run.judgements if judgement.verdict == "differ")


@pytest.mark.parametrize(
    ("findings", "begins"),
    [
        ((SCALED,), "scaled: every gradient is 2 times the right one; (7*) is broken"),
        ((SCALED, IMPURE), "impure: a second call gives other gradients; (7*) is broken"),
        ((BLIND,), "(7*) is broken"),
    ],
)
def test_a_sentence_begins_with_it(failing: Judgement, findings: tuple[Finding, ...], begins: str) -> None:
    found = Diagnosis("(7*) is broken", faults=(Fault(("7*",), "dz is twice"),))
    assert beside.told(found, [replace(failing, findings=findings)]).sentence == begins


def test_where_it_is_all_that_is_wrong_it_is_all_that_is_said(failing: Judgement) -> None:
    right = replace(failing, rows=tuple(replace(row, verdict="agree") for row in failing.rows), findings=(IMPURE,))
    found = Diagnosis("no equation shows to be broken at small sizes")
    assert beside.told(found, [right]).sentence == "impure: a second call gives other gradients"


def test_of_a_file_each_wrong_array_is_told(failing: Judgement) -> None:
    told = by_file.diagnose([failing])
    assert [fault.tags for fault in told.faults] == [("W_hh",)]
    assert "W_hh is wrong" in told.sentence
    assert told.faults[0].pattern.startswith("−1 times what it should be at ")
    assert not told.localised
    assert "file or a command" in told.step
