"""An assertion outside pytest's settings and inside them, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness import inside
from harness.errors import BadInput

OUTSIDE = Path(__file__).parents[1] / "outside"
RIGHT, WRONG = OUTSIDE / "counting" / "right.py", OUTSIDE / "counting" / "wrong.py"
QUICK = {"references": "extended", "alone": True}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, in which pytest would be; whose settings are still to be written."""
    monkeypatch.setattr(inside, "project", str(tmp_path))
    return tmp_path / "pyproject.toml"


def test_why_in_three_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "project", "")
    monkeypatch.chdir(OUTSIDE)
    with pytest.raises(AssertionError) as caught:
        harness.assert_gradients(candidate=WRONG, **QUICK)
    first, row, every, also, why, where, then = str(caught.value).splitlines()
    assert first == "differ: W, U, b differ; nothing agrees"
    assert row.startswith("✗ differ b: Σ Δ ")
    assert row.endswith(", against extended")
    assert (every, also) == ("  every entry differs", "  also differ: W, U")
    assert why.startswith("diagnosis: (1*h) dh_next = da W_hh is broken")
    assert where.startswith("place: counting/wrong.py:17  dh = U @ da  (confirmed: ")
    assert "line 17" in then
    assert then.startswith("next: ")


def test_a_diagnosis_can_be_left_out(project: Path) -> None:
    for arguments, settings in (({"diagnose": False}, ""), ({}, "[tool.handgrad]\ndiagnose = false")):
        project.write_text(settings)
        with pytest.raises(AssertionError) as caught:
            harness.assert_gradients(candidate=WRONG, **QUICK, **arguments)  # type: ignore[arg-type]
        assert "diagnosis:" not in str(caught.value)
        assert str(caught.value).endswith("also differ: W, U")


def test_the_projects_settings_hold(project: Path) -> None:
    project.write_text('[tool.handgrad]\nreferences = ["extended"]\nalone = true\nseeds = 2\n')
    run = harness.assert_gradients(candidate=RIGHT)
    assert (len(run.judgements), {row.reference for row in run.rows}) == (2, {"extended"})
    assert len(harness.assert_gradients(candidate=RIGHT, seeds=1).judgements) == 1
    project.write_text('[tool.handgrad]\nreferences = ["tensorfloe"]\n')
    with pytest.raises(BadInput, match=r"references: got 'tensorfloe', .*references=None leaves it out"):
        harness.assert_gradients(candidate=RIGHT)


def test_outside_pytest_nothing_is_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_text("[tool.handgrad]\nnonsense = 1\n")
    with pytest.raises(BadInput, match="nonsense"):
        harness.assert_gradients(candidate=RIGHT, **QUICK)
    monkeypatch.setattr(inside, "project", "")
    monkeypatch.chdir(project.parent)
    assert harness.assert_gradients(candidate=RIGHT, **QUICK).verdict == "agree"


def test_which_of_several_cases_and_what_is_hostile(tmp_path: Path) -> None:
    """The case that fails is named; a candidate's own words are without control characters."""
    text = RIGHT.read_text().replace("dh = U.T @ da", "dh = U.T @ da * (1 if data['x'].shape[0] == 6 else 2)")
    (tmp_path / "longer.py").write_text(text)
    with pytest.raises(AssertionError, match=r"^differ: companion case \w.*differ"):
        harness.assert_gradients(candidate=tmp_path / "longer.py", references="extended", diagnose=False)
    (tmp_path / "crash.py").write_text(
        RIGHT.read_text().replace("    W, U, b", "    raise ValueError('\\x1b[31mred\\u202e')\n    W, U, b")
    )
    with pytest.raises(AssertionError, match=r"^error: .*ValueError: ") as caught:
        harness.assert_gradients(candidate=tmp_path / "crash.py", **QUICK)
    assert not {"\x1b", "\u202e"} & set(str(caught.value))
