"""The baseline's file and its rule: what grows, appears or vanishes is told, and what does not is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness import baseline
from harness.baseline import Baseline
from harness.errors import BadInput
from harness.run import Run

CASE = "rnn seed 0 float64 3fa9"


@pytest.fixture(scope="module")
def run() -> Run:
    return harness.compare(cell="rnn", references="extended", shape="T=5,B=2,D=3,H=4,K=6", alone=True)


def told(old: float | None, new: float | None, factor: float = 2.0) -> list[str]:
    return baseline.complaints({CASE: {"W against torch": old}}, {CASE: {"W against torch": new}}, factor)


@pytest.mark.parametrize(
    ("old", "new", "factor"),
    [(3.0, 3.0, 2), (3.0, 6.0, 2), (3.0, 0.1, 2), (0.01, 0.03, 2), (0.0, 1.0, 2), (None, None, 2), (3.0, None, 2),
     (3.0, 29.0, 10), (0.2, 0.5, 1)],
)  # fmt: skip
def test_what_is_no_growth(old: float | None, new: float | None, factor: float) -> None:
    """Below half an ulp nothing is better than anything else, so growth is counted from there."""
    assert told(old, new, factor) == []


@pytest.mark.parametrize(
    ("old", "new", "factor", "said"),
    [
        (3.0, 6.01, 2, "6.01 ulp, was 3 ulp, allowed: 6"),
        (0.01, 1.01, 2, "1.01 ulp, was 0.01 ulp, allowed: 1"),
        (3.0, 3.1, 1, "3.1 ulp, was 3 ulp, allowed: 3"),
        (None, 4.0, 2, "4 ulp, was nothing to measure, allowed: 1"),
    ],
)
def test_what_is(old: float | None, new: float | None, factor: float, said: str) -> None:
    assert told(old, new, factor) == [f"W against torch, {CASE}: {said}"]


def test_what_appears_and_vanishes() -> None:
    old, new = {CASE: {"W against torch": 1.0}}, {CASE: {"U against torch": 1.0}}
    assert baseline.complaints(old, new, 2) == [
        f"U against torch, {CASE}: appeared: the baseline has it not",
        f"W against torch, {CASE}: vanished: the baseline has it",
    ]
    assert len(baseline.complaints(old, {}, 2)) == len(baseline.complaints({}, old, 2)) == 1


def test_the_errors_of_a_run(run: Run) -> None:
    found = baseline.errors(run)
    (case,) = found
    assert case == f"rnn seed 0 float64 {run.judgements[0].case.fingerprint}"
    rows = {f"{row.array} against {row.reference}": row.ulp for row in run.rows}
    assert found[case] == {name: float(f"{ulp:.3g}") for name, ulp in rows.items()}
    twice = replace(run, judgements=run.judgements * 2)
    assert baseline.errors(twice) == found


def test_what_has_nothing_to_judge_has_no_error(run: Run) -> None:
    judgement = run.judgements[0]
    rows = tuple(replace(row, vacuous=row.array == "b_y") for row in judgement.rows)
    (errors,) = baseline.errors(replace(run, judgements=(replace(judgement, rows=rows),))).values()
    assert [entry for entry, ulp in errors.items() if ulp is None] == ["b_y against extended"]


def test_a_file_has_a_line_for_each_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    tests = {
        "z": {"case 2": {"W against torch": 1.0, "U against torch": None}},
        "a": {"case 1": {"W against jax": 2.5}},
    }
    Baseline(tests, baseline.recorded_versions()).write(path)
    lines = path.read_text().splitlines()
    assert lines[1] == '  "format_version": 1,'
    assert lines[2] == '  "versions": {'
    assert [line.strip() for line in lines if " against " in line] == [
        '"W against jax": 2.5', '"U against torch": null,', '"W against torch": 1.0',
    ]  # fmt: skip
    assert {"python", "numpy", "handgrad"} <= set(json.loads(path.read_text())["versions"])
    back = baseline.check(path, update=False)
    assert back.tests == tests
    assert back.changed() == ""
    changed = Baseline(tests, {**back.versions, "numpy": "1.0", "flint": "2"})
    now = back.versions["numpy"]
    assert changed.changed() == f"flint 2 → none, numpy 1.0 → {now}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[1, 2]", "is no baseline: lacks format_version"),
        ('{"name": "package"}', "is no baseline: lacks format_version"),
        ('{"format_version": 2}', "got format_version 2, allowed: 1"),
        ('{"format_version": 1, "versions": {}}', "tests: got NoneType, needs an object"),
        ('{"format_version": 1, "versions": {"numpy": 2}, "tests": {}}', "versions: numpy: got 2, needs a text"),
        ('{"format_version": 1, "versions": {}, "tests": {"t": 3}}', "t: got int, needs an object of cases"),
        ('{"format_version": 1, "versions": {}, "tests": {"t": {"c": []}}}', "t: c: got list, needs an object"),
        (
            '{"format_version": 1, "versions": {}, "tests": {"t": {"c": {"W": NaN}}}}',
            "t: c: W: got nan, needs an error",
        ),
        ('{"format_version": 1, "versions": {}, "tests": {"t": {"c": {"W": -1}}}}', "t: c: W: got -1, needs an error"),
    ],
)
@pytest.mark.parametrize("update", [False, True])
def test_a_foreign_or_broken_file_is_refused_and_left(tmp_path: Path, content: str, message: str, update: bool) -> None:
    path = tmp_path / "b.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=message) as caught:
        baseline.check(path, update)
    assert "\n" not in str(caught.value)
    assert path.read_text() == content


def test_no_file_is_made_by_an_update_alone(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    with pytest.raises(BadInput, match="there is no such file; --gradients-update makes it"):
        baseline.check(path, update=False)
    assert baseline.check(path, update=True) == Baseline()
    with pytest.raises(BadInput, match="there is no folder"):
        baseline.check(tmp_path / "none" / "b.json", update=True)
    assert not path.exists()
