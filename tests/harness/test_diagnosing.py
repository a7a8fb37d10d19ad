"""Asking why: only where something differs, while the candidate can be asked, and never at the cost of a verdict."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import faults
import numpy as np
import pytest

import harness
from harness import BadInput, cli
from harness.brought import Brought
from harness.candidate import InProcess
from harness.candidates.process import CandidateFailed
from harness.casebook import showing
from harness.diagnosed import Diagnosis, Example, Place
from harness.run import Judgement

RIGHT = """
def loss_and_grads(params, data):
    return (params['w'] ** 3).sum(), {'w': 3 * params['w'] ** 2}

def example(seed):
    import numpy as np
    return {'w': np.ones(4)}, {}
"""
WRONG = RIGHT.replace("3 * ", "2 * ")
SENTENCE = "dw is two thirds of what it should be"
TEST = "def test_gradients():\n    assert 2 == 3\n"
SMALL: dict[str, Any] = {"shape": "T=5,B=2,D=3,H=4", "references": "extended", "loss": "cotangent"}


class Asked:
    """Takes the place of the diagnosis: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, Sequence[Judgement]]] = []
        one, two = np.array([3.0]), np.array([2.0])
        example = Example({"n": 1}, {"w": np.array([1.0])}, "w", one, two, {}, TEST)
        place = Place("confirmed", "mine.py", 3, "dw", "{'w': 2 * …}", "", "2 w²", "3 w²")
        self.answer: Diagnosis | None = Diagnosis(SENTENCE, (place,), True, example=example)
        self.failure: BaseException | None = None

    def __call__(
        self, tested: Any, judgements: Sequence[Judgement], working: Callable[[str, float], None]
    ) -> Diagnosis | None:
        working("diagnosing", 0.5)
        self.calls.append((tested, judgements))
        if isinstance(tested, Brought):  # its process is there to be asked
            assert set(tested.process.example(1)[0]) == {"w"}
        if self.failure is not None:
            raise self.failure
        return self.answer


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    instead = Asked()
    module = ModuleType("harness.diagnosis.diagnose")
    module.diagnose = instead  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return instead


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(WRONG)
    return tmp_path / "mine.py"


@pytest.fixture
def right(tmp_path: Path) -> Path:
    (tmp_path / "right.py").write_text(RIGHT)
    return tmp_path / "right.py"


def test_it_is_asked_while_the_candidates_process_is_there(asked: Asked, wrong: Path) -> None:
    seen: list[tuple[str, float]] = []
    run = harness.compare(candidate=wrong, diagnose=True, working=lambda *told: seen.append(told))
    assert run.diagnosis is asked.answer
    assert ("diagnosing", 0.5) in seen
    [(tested, judgements)] = asked.calls
    assert isinstance(tested, Brought)
    assert tuple(judgements) == (*run.judgements, *run.companions)


def test_it_is_asked_of_a_function_too(asked: Asked) -> None:
    run = harness.compare(**SMALL, candidate=faults.reversed_cotangent, diagnose=True)
    assert run.diagnosis is asked.answer
    assert isinstance(asked.calls[0][0], InProcess)


def test_nothing_is_asked_that_was_not_asked_for(asked: Asked, wrong: Path) -> None:
    assert harness.compare(candidate=wrong).diagnosis is None
    assert asked.calls == []


@pytest.mark.parametrize("verdict", ["agree", "error"])
def test_only_what_differs_is_diagnosed(asked: Asked, tmp_path: Path, verdict: str) -> None:
    fails = RIGHT.replace("    return (params", "    raise ValueError\n    return (params")
    (tmp_path / "mine.py").write_text({"agree": RIGHT, "error": fails}[verdict])
    run = harness.compare(candidate=tmp_path / "mine.py", diagnose=True, write_test=tmp_path / "test_mine.py")
    assert (run.verdict, run.diagnosis, asked.calls) == (verdict, None, [])
    assert not (tmp_path / "test_mine.py").exists()


@pytest.mark.parametrize(
    ("failure", "told"),
    [(KeyboardInterrupt(), "interrupted"), (ZeroDivisionError("by 0"), "a fault of ours: ZeroDivisionError: by 0")],
)
def test_nothing_that_ends_a_diagnosis_costs_a_verdict(
    asked: Asked, wrong: Path, failure: BaseException, told: str
) -> None:
    asked.failure = failure
    run = harness.compare(candidate=wrong, diagnose=True)
    assert (run.verdict, run.diagnosis) == ("differ", None)
    assert any(finding.name == "not run" and told in finding.text for finding in run.findings)


def test_a_candidate_that_fails_while_it_is_asked_costs_no_verdict(asked: Asked, wrong: Path) -> None:
    asked.failure = CandidateFailed("did not answer within 60 s")
    run = harness.compare(candidate=wrong, diagnose=True)
    assert (run.verdict, run.diagnosis) == ("differ", None)
    assert "the diagnosis: did not answer within 60 s" in [finding.text for finding in run.findings]


def test_the_counterexample_is_written_and_replaces_a_file_as_a_whole(asked: Asked, wrong: Path) -> None:
    test = wrong.with_name("test_mine.py")
    test.write_text("old")
    run = harness.compare(candidate=wrong, write_test=test)
    assert run.diagnosis is asked.answer
    assert test.read_text() == TEST


def test_the_counterexample_finds_the_candidate_from_where_it_is_written(asked: Asked, wrong: Path) -> None:
    assert asked.answer is not None and asked.answer.example is not None
    test = f"from pathlib import Path\n\nCANDIDATE = Path({str(wrong)!r})\n"
    asked.answer = replace(asked.answer, example=replace(asked.answer.example, test=test))
    (wrong.parent / "tests").mkdir()
    path = wrong.parent / "tests" / "test_mine.py"
    harness.compare(candidate=wrong, write_test=path)
    found: dict[str, Any] = {"__file__": str(path)}
    exec(path.read_text(), found)
    assert found["CANDIDATE"] == wrong
    assert str(wrong) not in path.read_text()


def test_without_a_counterexample_an_existing_file_is_kept(asked: Asked, wrong: Path) -> None:
    test = wrong.with_name("test_mine.py")
    test.write_text("old")
    asked.answer = Diagnosis(SENTENCE)
    harness.compare(candidate=wrong, write_test=test)
    assert test.read_text() == "old"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("test_mine.txt", r"test_mine\.txt, needs a Python file's name"),
        ("none/test_mine.py", r"cannot be written: there is no folder"),
        ("mine.py", r"which is the candidate itself; name another file"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(asked: Asked, wrong: Path, name: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        harness.compare(candidate=f"{wrong}:loss_and_grads", write_test=wrong.parent / name)
    assert asked.calls == []
    assert wrong.read_text() == WRONG


def test_an_assertion_tells_it(asked: Asked, wrong: Path) -> None:
    with pytest.raises(AssertionError, match=f"(?s)^differ: .*diagnosis: {SENTENCE}"):
        harness.assert_gradients(candidate=wrong, diagnose=True)


def run(*arguments: str | Path) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_the_command_line_tells_it_below_the_tables(
    asked: Asked, wrong: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run.json"
    assert run("compare", "--candidate", wrong, "--diagnose", "--out", out) == 1
    shown, errors = capsys.readouterr()
    assert shown.index("✗ differ") < shown.index("repeat") < shown.index(f"diagnosis: {SENTENCE}")
    assert f'"sentence": "{SENTENCE}"' in out.read_text()
    assert errors == ""


def test_writing_a_test_implies_it(asked: Asked, wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = wrong.with_name("test_mine.py")
    assert run("compare", "--candidate", wrong, "--write-test", test) == 1
    shown, errors = capsys.readouterr()
    assert f"diagnosis: {SENTENCE}" in shown
    assert test.read_text() == TEST
    assert errors == ""


def test_what_cannot_be_written_is_one_line_and_exit_2(
    asked: Asked, wrong: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("compare", "--candidate", wrong, "--write-test", wrong.parent / "none" / "test_mine.py") == 2
    shown, errors = capsys.readouterr()
    assert (shown, len(errors.splitlines())) == ("", 1)
    assert "there is no folder" in errors


def test_what_was_asked_for_and_is_not_there_is_one_line(
    asked: Asked, wrong: Path, right: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = wrong.with_name("test_mine.py")
    assert asked.answer is not None and asked.answer.example is not None
    untold = replace(asked.answer, example=replace(asked.answer.example, test=""))
    cases: list[tuple[Diagnosis | None, Path, list[str | Path], int, str]] = [
        (untold, wrong, ["--write-test", test], 1, f"{test} was not written: no counterexample that stands by itself"),
        (None, wrong, ["--write-test", test], 1, f"no diagnosis could be made; {test} was not written"),
        (None, wrong, ["--diagnose"], 1, "no diagnosis could be made"),
        (None, right, ["--write-test", test], 0, f"{test} was not written: the verdict is agree"),
        (None, right, ["--diagnose"], 0, ""),
    ]
    for answer, candidate, options, code, message in cases:
        asked.answer = answer
        assert run("compare", "--candidate", candidate, *options) == code
        errors = capsys.readouterr().err
        assert errors.startswith(f"handgrad: {message}" if message else "")
        assert len(errors.splitlines()) == bool(message)
        assert not test.exists()


@pytest.mark.parametrize(("options", "offered"), [((), True), (("--diagnose",), False)])
def test_a_failing_comparison_offers_it_on_a_terminal_only(
    asked: Asked,
    wrong: Path,
    right: Path,
    options: tuple[str, ...],
    offered: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offer = f"diagnose   python -m harness compare --candidate {wrong} --diagnose"
    assert run("compare", "--candidate", wrong, *options) == 1
    assert "diagnose   " not in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert run("compare", "--candidate", wrong, *options) == 1
    last = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).splitlines()[-1]
    assert (last == offer) == offered
    assert run("compare", "--candidate", right, *options) == 0
    assert "diagnose   " not in capsys.readouterr().out


def test_the_casebook_tells_it_of_every_candidate_that_differs(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Asked, "__call__", lambda self, tested, judgements, working: self.answer)
    monkeypatch.setattr(showing, "compare", lambda **what: harness.compare(**what | {"references": ()}))
    assert run("casebook", "theano-versus-python", "--diagnose") == 0
    told = capsys.readouterr().out
    assert told.count(f"diagnosis: {SENTENCE}") == 1
    assert told.index("✗ differ: Wxh, Whh, bhh") < told.index(SENTENCE) < told.index("right.py: ")


def test_the_casebook_needs_a_name_to_diagnose(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("casebook", "--diagnose") == 2
    assert "diagnose: needs the NAME of a system: binary-adder, " in capsys.readouterr().err
