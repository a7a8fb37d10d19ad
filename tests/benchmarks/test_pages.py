"""Generated blocks in pages written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.pages import VERDICTS, insert


def test_what_stands_between_the_marks_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin one -->\nold\n<!-- end one -->\nafter\n<!-- begin two -->\n<!-- end two -->\n")
    insert(page, "one", "| \\1 | new |\n")
    insert(page, "two", "2")
    insert(page, "two", "3")
    assert page.read_text() == (
        "before\n<!-- begin one -->\n| \\1 | new |\n<!-- end one -->\nafter\n<!-- begin two -->\n3\n<!-- end two -->\n"
    )


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(ValueError, match=r"got no marks for one, needs <!-- begin one -->"):
        insert(page, "one", "text")


@pytest.mark.parametrize("name", ["cost", "sensitivity", "tools"])
def test_the_page_has_its_tables(name: str) -> None:
    page = VERDICTS.read_text(encoding="utf-8")
    block = page[page.index(f"<!-- begin {name} -->") : page.index(f"<!-- end {name} -->")]
    assert block.count("\n|") > 3
