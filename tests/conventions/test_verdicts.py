"""The verdicts on the candidates of this folder: by their own forward, and, where the cell is ours, by their layout."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness import Run

HERE = Path(__file__).parent
RIGHT = sorted(HERE.glob("*/right.py"))
LAID_OUT = [path.parent.name for path in RIGHT if "\nlayout = {" in path.read_text(encoding="utf-8")]


def differing(run: Run) -> set[str]:
    """By the first judgement; its own forward may follow where the layout's departs."""
    return {row.array for row in run.judgements[0].rows if row.verdict == "differ"}


def findings(run: Run) -> set[str]:
    return {finding.name for part in (run, *run.judgements) for finding in part.findings}


def without_layout(candidate: Path, folder: Path) -> str:
    """A copy of a candidate that says nothing of its layout."""
    text = candidate.read_text(encoding="utf-8")
    copy = folder / f"silent_{candidate.name}"
    copy.write_text(text + "\n\ndel layout, model\n" * ("\nlayout = {" in text), encoding="utf-8")
    return str(copy)


def test_the_right_one_agrees_with_its_own_forward(name: str, right: Path, tmp_path: Path) -> None:
    run = harness.compare(candidate=without_layout(right, tmp_path))
    assert run.verdict == "agree", run.judgements[0].reason
    assert all(row.verdict == "agree" and not row.vacuous for row in run.judgements[0].rows)
    low = name == "float32_buffers"
    assert ("low precision" in findings(run)) == low
    assert "impure" not in findings(run)


def test_the_broken_one_differs_from_its_own_forward(broken: Path, wrong: set[str], tmp_path: Path) -> None:
    run = harness.compare(candidate=without_layout(broken, tmp_path), alone=True)
    assert run.verdict == "differ"
    assert differing(run) == wrong


@pytest.mark.parametrize("name", LAID_OUT)
def test_the_right_one_agrees_on_the_same_bytes(right: Path) -> None:
    run = harness.compare(candidate=str(right), references="extended", alone=True)
    assert run.verdict == "agree", run.judgements[0].reason
    assert all(row.verdict == "agree" for row in run.judgements[0].rows)


@pytest.mark.parametrize("name", LAID_OUT)
def test_the_broken_one_differs_on_the_same_bytes(broken: Path, wrong: set[str]) -> None:
    run = harness.compare(candidate=str(broken), references="extended", alone=True)
    assert run.verdict == "differ"
    assert differing(run) == wrong


def test_torch_and_jax_judge_as_well() -> None:
    run = harness.compare(candidate=str(HERE / "jax_rnn" / "right.py"), references="torch,jax", alone=True)
    assert run.verdict == "agree"
    assert {"torch", "jax"} < {row.reference for row in run.judgements[0].rows}


def test_most_are_laid_out() -> None:
    assert {path.parent.name for path in RIGHT} - set(LAID_OUT) == {"gru", "peepholes"}  # no cell of ours
