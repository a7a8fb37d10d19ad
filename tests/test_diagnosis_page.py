"""What the page on diagnosis shows is what the program says: its blocks are generated again, its file is judged."""

from __future__ import annotations

import re
from math import isclose
from pathlib import Path

import pytest

import harness
from benchmarks import diagnoses
from harness.diagnosed import Status
from reports import diagnosis, drawing, shades

ROOT = Path(__file__).parent.parent
PAGE = diagnoses.PAGE.read_text(encoding="utf-8")


def same(one: str, other: str) -> bool:
    """The same words, numbers up to what another machine's rounding does to four digits."""
    pairs = list(zip(one.split(), other.split(), strict=False))
    return len(one.split()) == len(other.split()) and all(_same_word(*pair) for pair in pairs)


def _same_word(one: str, other: str) -> bool:
    try:
        return isclose(float(one.strip("[]")), float(other.strip("[]")), rel_tol=2e-3, abs_tol=1e-12)
    except ValueError:
        return one == other


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n == "C1" else [pytest.mark.slow]) for n in diagnoses.SHOWN]
)
def test_the_text_it_shows_is_the_text_it_generates(name: str) -> None:
    """To generate it again: ``python -m benchmarks.diagnoses``."""
    block = re.search(rf"<!-- begin {name} -->\n```text\n(.*?)\n```\n<!-- end {name} -->", PAGE, re.DOTALL)
    assert block is not None, f"nothing was generated for {name}: python -m benchmarks.diagnoses"
    assert same(block[1], diagnoses.told(name))


def test_words_and_numbers_are_compared() -> None:
    assert same("dh = [0.1979 2]", "dh =  [0.1980 2]")
    assert not same("dh = 0.1979", "dh = 0.2079")
    assert not same("dh = 0.1979", "dc = 0.1979")
    assert not same("dh = 0.1979", "dh = 0.1979 0")


def test_its_traced_candidate_is_judged_as_it_says(tmp_path: Path) -> None:
    bring = (ROOT / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
    for name, text in (("my_rnn.py", bring), ("my_traced.py", PAGE)):
        (block,) = re.findall(rf"```python\n(# {re.escape(name)}\n.*?)```", text, re.DOTALL)
        (tmp_path / name).write_text(block, encoding="utf-8")
    assert "compare --candidate my_traced.py  # → agree" in PAGE
    assert harness.compare(candidate=tmp_path / "my_traced.py", references="extended").verdict == "agree"


def test_its_marks_are_the_marks() -> None:
    rows = dict(re.findall(r"^\| (\S) \| (\S) \|", PAGE, re.MULTILINE))
    marks: dict[Status, str] = dict(diagnosis.MARKS)
    assert rows == {mark: drawing.MARKS.get(mark, mark) for mark in (*marks.values(), shades.UNKNOWN)}
    listed = re.search(r"^\| (\S \S \S \S \S) \| (\S \S \S \S \S) \|", PAGE, re.MULTILINE)
    assert listed is not None
    assert listed[1].split() == [shade for _, shade in shades.LEVELS]
    assert listed[2].split() == [drawing.MARKS[shade] for shade in listed[1].split()]
