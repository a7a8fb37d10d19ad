"""What is wrong: every test here fails."""

from pathlib import Path

import pytest

import harness

WRONG = Path(__file__).parent.parent / "counting" / "wrong.py"


@pytest.mark.gradients(candidate="../counting/wrong.py")
def test_marked():
    raise SystemError("the body of a test whose gradients differ is not run")


def test_asserted():
    harness.assert_gradients(candidate=WRONG, alone=True, diagnose=False)
