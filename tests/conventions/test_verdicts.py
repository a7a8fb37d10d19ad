"""The verdicts on the candidates of this folder: by their own forward, and, where the cell is ours, by their layout."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import harness
from harness import Run

HERE = Path(__file__).parent
BROKEN = {name: set(arrays) for name, arrays in tomllib.loads((HERE / "broken.toml").read_text()).items()}
LAID_OUT = sorted(name for name in BROKEN if "\nlayout = {" in (HERE / name / "right.py").read_text(encoding="utf-8"))


def differing(run: Run) -> set[str]:
    """By the first judgement; its own forward may follow where the layout's departs."""
    return {row.array for row in run.judgements[0].rows if row.verdict == "differ"}


def findings(run: Run) -> set[str]:
    return {finding.name for part in (run, *run.judgements) for finding in part.findings}


@pytest.fixture
def without_layout(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of a candidate that says nothing of its layout."""
    source = HERE / request.param
    text = source.read_text(encoding="utf-8")
    copy = tmp_path / source.name
    copy.write_text(text + "\n\ndel layout, model\n" * ("\nlayout = {" in text), encoding="utf-8")
    return copy


@pytest.mark.parametrize("without_layout", [f"{name}/right.py" for name in BROKEN], indirect=True, ids=list(BROKEN))
def test_the_right_one_agrees_with_its_own_forward(without_layout: Path, request: pytest.FixtureRequest) -> None:
    run = harness.compare(candidate=str(without_layout))
    assert run.verdict == "agree", run.judgements[0].reason
    assert all(row.verdict == "agree" and not row.vacuous for row in run.judgements[0].rows)
    low = "float32" in request.node.name
    assert ("low precision" in findings(run)) == low
    assert "impure" not in findings(run)


@pytest.mark.parametrize("without_layout", [f"{name}/broken.py" for name in BROKEN], indirect=True, ids=list(BROKEN))
def test_the_broken_one_differs_from_its_own_forward(without_layout: Path, request: pytest.FixtureRequest) -> None:
    run = harness.compare(candidate=str(without_layout), alone=True)
    assert run.verdict == "differ"
    assert differing(run) == BROKEN[request.node.callspec.id]


@pytest.mark.parametrize("name", LAID_OUT)
def test_the_right_one_agrees_on_the_same_bytes(name: str) -> None:
    run = harness.compare(candidate=str(HERE / name / "right.py"), references="extended", alone=True)
    assert run.verdict == "agree", run.judgements[0].reason
    assert all(row.verdict == "agree" for row in run.judgements[0].rows)


@pytest.mark.parametrize("name", LAID_OUT)
def test_the_broken_one_differs_on_the_same_bytes(name: str) -> None:
    run = harness.compare(candidate=str(HERE / name / "broken.py"), references="extended", alone=True)
    assert run.verdict == "differ"
    assert differing(run) == BROKEN[name]


def test_torch_and_jax_judge_as_well() -> None:
    run = harness.compare(candidate=str(HERE / "jax_rnn" / "right.py"), references="torch,jax", alone=True)
    assert run.verdict == "agree"
    assert {"torch", "jax"} < {row.reference for row in run.judgements[0].rows}


def test_most_are_laid_out() -> None:
    assert set(BROKEN) - set(LAID_OUT) == {"gru", "peepholes"}  # no cell of ours
