"""What is right: marks on a test, a class and a set of parameters, and a plain assertion."""

from pathlib import Path

import pytest

import harness

RIGHT = Path(__file__).parent.parent / "counting" / "right.py"


@pytest.mark.gradients(candidate="../counting/right.py")
def test_gradients(gradients_run):
    assert gradients_run.verdict == "agree"
    assert {row.reference for row in gradients_run.rows} == {"extended"}  # as pyproject.toml says


@pytest.mark.gradients(candidate="../counting/right.py", alone=True)
class TestSettings:
    @pytest.mark.gradients(seeds=2)
    def test_of_class_and_test(self, gradients_run):
        assert [judgement.case.source for judgement in gradients_run.judgements] == ["seed 0", "seed 1"]

    @pytest.mark.parametrize(
        "dtype", ["float64", pytest.param("float32", marks=pytest.mark.gradients(dtype="float32"))]
    )
    def test_of_parameters(self, dtype, gradients_run):
        assert gradients_run.judgements[0].case.dtype == dtype


def test_assertion():
    run = harness.assert_gradients(candidate=RIGHT, alone=True)
    assert {row.reference for row in run.rows} == {"extended"}
