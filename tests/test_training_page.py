"""What pages say of training is what training says: figures are reached again, C2's story is told again."""

from __future__ import annotations

import re
import shlex
from math import isclose
from pathlib import Path

import pytest

from benchmarks import trainings
from harness import casebook
from harness.cli import main
from harness.training import tasks
from harness.training.train import train

PAGE = trainings.PAGE.read_text(encoding="utf-8")
QUICK = ("adder", "sequence")


def block(text: str, name: str) -> str:
    found = re.search(rf"<!-- begin {name} -->\n(.*?)<!-- end {name} -->", text, re.DOTALL)
    assert found is not None and found[1].strip(), f"nothing was generated: python -m benchmarks.trainings {name}"
    return found[1].strip()


def same(one: str, other: str, closeness: float) -> bool:
    """The same words, numbers up to what rounding does to them on another machine."""
    pairs = list(zip(one.split(), other.split(), strict=False))
    return len(one.split()) == len(other.split()) and all(_same(*pair, closeness) for pair in pairs)


def _same(one: str, other: str, closeness: float) -> bool:
    try:
        return isclose(float(one), float(other), rel_tol=closeness)
    except ValueError:
        return one == other


@pytest.mark.parametrize(
    "task", [pytest.param(t, marks=[] if t in QUICK else [pytest.mark.slow]) for t in trainings.FIGURES]
)
def test_the_figures_of_a_system_are_reached_again(task: str) -> None:
    options = trainings.FIGURES[task]
    for path in options.values():
        if isinstance(path, Path) and not path.exists():
            pytest.skip("needs ../shared/data/dinos.txt")
    story = (casebook.entry(tasks.get(task).ENTRY).folder / "README.md").read_text(encoding="utf-8")
    assert same(block(story, task), trainings.table(train(task, lockstep=False, **options)), 1e-6)


@pytest.mark.slow
def test_the_story_it_tells_is_the_story_that_is_told() -> None:
    """To generate it again: ``python -m benchmarks.trainings C2``."""
    assert same(block(PAGE, "C2"), f"```text\n{trainings.story()}\n```", 0.05)


def test_the_story_says_what_was_wrong_with_it() -> None:
    told = block(PAGE, "C2")
    assert "position numbers instead of characters" in told and "enters window 1 and is not zero" in told
    assert "first" in told and "program.py:" in told and "tried from the first update on" in told


def commands() -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(r"^    python -m harness (train .*)$", PAGE, re.MULTILINE)]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_a_command_of_the_page_works(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = str(Path(casebook.__file__).parent)
    code = main([argument.replace("CASEBOOK", folder) for argument in arguments])
    assert code == (1 if "nan-lstm/loop.py" in arguments[-1] else 0)


def test_the_picture_is_one() -> None:
    told = trainings.PICTURE.read_text(encoding="utf-8")
    assert told.startswith("<svg") and "primes: ✓ agree: 20000 of 20000 updates" in told
