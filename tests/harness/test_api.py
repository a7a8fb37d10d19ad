from __future__ import annotations

from pathlib import Path

import faults
import pytest

import harness

SMALL = {"shape": "T=5,B=2,D=3,H=4,K=6", "references": "extended"}


def test_compare_can_be_called_again_and_again() -> None:
    """A submodule of the function's name would take its place after the first call."""
    for _ in range(2):
        assert harness.compare(**SMALL).verdict == "agree"  # type: ignore[arg-type]


def test_frames() -> None:
    run = harness.compare(**SMALL, cell="lstm", seeds=2)  # type: ignore[arg-type]
    frame, parts = run.frame, run.parts
    assert len(frame) == 2 * 9
    assert set(frame.reference) == {"extended"}
    assert (frame.ratio <= 1).all()
    of_W_ih = parts[(parts.array == "W_ih") & (parts.case == 0)]
    assert of_W_ih.groupby("kind").size().to_dict() == {"column": 3, "gate": 4, "row": 16}
    assert set(parts[parts.array == "x"].kind) == {"step", "batch", "column"}
    for (case, array, _), group in parts.groupby(["case", "array", "kind"]):
        row = frame[(frame.case == case) & (frame.array == array)].iloc[0]
        assert group.max_abs.max() == row.max_abs
        assert group.total_abs.sum() == pytest.approx(row.total_abs)


def test_assert_gradients_gives_the_run_or_the_table() -> None:
    assert harness.assert_gradients(**SMALL).verdict == "agree"
    with pytest.raises(AssertionError, match=r"(?s)^differ: .*✗ differ x: .*also differ: .*W_ih"):
        harness.assert_gradients(
            references="extended", shape="T=5,B=2,D=3,H=4", loss="cotangent", candidate=faults.reversed_cotangent
        )


def test_the_model_question() -> None:
    """Casebook C1, all of what its report must show."""
    question = {"case": faults.model_question(), "candidate": faults.no_flow_through_time, "references": "extended"}
    run = harness.compare(**question, alone=True)
    rows = {row.array: row for row in run.rows}
    assert run.verdict == "differ"
    assert {name for name, row in rows.items() if row.verdict == "agree"} == {"W_hy", "b_y"}
    assert {name for name, row in rows.items() if row.verdict == "differ"} == {"W_ih", "W_hh", "b_ih", "b_hh"}
    assert rows["W_ih"].words == ("columns 0–3 differ, column 4 agrees",)
    assert rows["W_ih"].total_abs > abs(rows["W_ih"].total) > 0
    blind = {finding.text.split(":")[0] for finding in run.findings if finding.name == "blind"}
    assert {"B = 1", "T = D", "h0 = 0"} <= blind


def test_the_model_question_as_it_was_asked() -> None:
    """Plain Python against Theano, today PyTensor: two weight matrices differ, one agrees, by Theano's own gradient."""
    pytest.importorskip("pytensor", reason="pytensor is not installed")
    run = harness.compare(
        case=faults.model_question(), candidate=faults.no_flow_through_time, references="theano", alone=True
    )
    rows = {row.array: row for row in run.rows if row.reference == "theano"}
    assert {name for name, row in rows.items() if row.verdict == "agree"} == {"W_hy", "b_y"}
    assert rows["W_ih"].words == ("columns 0–3 differ, column 4 agrees",)


def test_a_file_in_a_test_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "square.py"
    right = "def loss_and_grads(params, data):\n    return (params['w'] ** 3).sum(), {'w': 3 * params['w'] ** 2}\n"
    example = "def example(seed):\n    import numpy as np\n    return {'w': np.ones(4)}, {}\n"
    path.write_text(right + example)
    assert harness.assert_gradients(candidate=path).verdict == "agree"
    path.write_text(right.replace("3 * ", "2 * ") + example)
    with pytest.raises(AssertionError, match="w differs; nothing agrees"):
        harness.assert_gradients(candidate=path)
