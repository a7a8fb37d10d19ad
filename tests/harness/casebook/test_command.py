"""The casebook's command: all is as expected, and a departure would be seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness import casebook
from harness.casebook import check, showing
from harness.cli import main
from harness.run import OWN_FORWARD, Run

THEANO = casebook.entry("theano-versus-python")
BROKEN, RIGHT = THEANO.members


@pytest.fixture(scope="module")
def broken() -> Run:
    return harness.compare(candidate=BROKEN.path, references=())


def test_what_is_expected_stands_beside_what_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The README's test runs all of them."""
    some = {name: casebook.entry(name) for name in ("binary-adder", "theano-versus-python")}
    monkeypatch.setattr(casebook, "entries", lambda: some)
    assert main(["casebook"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("all is as expected")
    for entry in some.values():
        assert f"{entry.name}: {entry.title}" in told
        assert all(member.path.name in told for member in entry.members)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "agree"}, "own forward: verdict differ, expected agree"),
        ({"forward": "differ"}, "own forward: forward agree, expected differ"),
        ({"agree": ("Who",)}, "own forward: agree: also bho"),
        ({"differ": ("Wxh", "Whh", "bhh", "bho")}, "own forward: differ: not bho"),
        ({"findings": ("scaled",)}, "own forward: no finding scaled"),
    ],
)
def test_a_departure_is_said(broken: Run, change: dict[str, object], said: str) -> None:
    assert check.departures(BROKEN, broken) == []
    assert check.departures(replace(BROKEN, own=replace(BROKEN.own, **change)), broken) == [said]  # type: ignore[arg-type]


def test_a_departure_makes_the_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    swapped = replace(THEANO, members=(replace(RIGHT, own=BROKEN.own),))
    monkeypatch.setattr(casebook, "entries", lambda: {THEANO.name: swapped})
    assert main(["casebook"]) == 1
    told = capsys.readouterr().out
    assert "✗ no" in told
    assert "right.py: own forward: verdict agree, expected differ" in told


def test_one_system_in_full_begins_with_the_questions_own_numbers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # it works from any folder
    assert main(["casebook", "theano-versus-python"]) == 0
    told = capsys.readouterr().out
    story, numbers, report = (
        told.index(words) for words in ("The question (2014)", "+0.1205", "✗ differ: Wxh, Whh, bhh")
    )
    assert story < numbers < report
    assert "rows 0–3 differ, row 4 agrees" in told


def test_the_numbers_stand_under_both_names(broken: Run) -> None:
    [(_, headings, rows)] = showing.numbers(THEANO, BROKEN, broken)
    assert headings[1:4] == THEANO.question["headings"]
    for row in rows:
        assert float(row[2]) == -float(row[3])
    named = {row[0]: row for row in rows}
    assert abs(float(named["Wxh row 4"][4])) < 1e-13
    assert float(named["Wxh"][4]) > 1
    assert showing.numbers(THEANO, RIGHT, broken) == []


def test_by_its_own_forward_it_is_judged_on_the_questions_own_data(broken: Run) -> None:
    [own] = showing.on_its_own_data(broken).judgements
    assert own.case.cell == OWN_FORWARD
    assert "row 4 agrees" in " ".join(next(row.words for row in own.rows if row.array == "Wxh"))


def test_an_unknown_system_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["casebook", "theano"]) == 2
    assert "allowed: binary-adder" in capsys.readouterr().err


def test_what_needs_a_package_that_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = replace(THEANO, needs=("a_package_that_nobody_has",))
    monkeypatch.setattr(casebook, "entries", lambda: {THEANO.name: lacking})
    assert main(["casebook"]) == 0
    assert "not run: a_package_that_nobody_has not installed" in capsys.readouterr().out
    assert main(["casebook", THEANO.name]) == 2
