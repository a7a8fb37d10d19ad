"""Markdown says what the terminal says, and shows arbitrary text as the characters that it has."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.run import Run
from reports import as_markdown, diagnosis, words


def test_it_says_what_the_terminal_says(c1: Run) -> None:
    text = as_markdown.render(c1)
    assert text.startswith("## ✗ differ: the recurrent adjoint never arrives")
    (judgement,) = c1.judgements
    for label, said in words.details(c1, judgement):
        assert f"- **{label}**: {as_markdown.escape(said)}\n" in text
    assert f"\n    {c1.command}\n" in text


def test_every_row_has_as_many_cells_as_the_table_has_headings(any_run: Run) -> None:
    widths: list[set[int]] = []
    inside = False
    for line in as_markdown.render(any_run).splitlines():
        row = line.startswith("|")
        if row and not inside:
            widths.append(set())
        if row:
            widths[-1].add(len(re.findall(r"(?<!\\)\|", line)))
        inside = row
    assert all(len(width) == 1 for width in widths)
    assert {count - 1 for width in widths for count in width} <= {
        len(words.HEADINGS), len(words.SUMMARY_HEADINGS), len(diagnosis.HEADINGS),
    }  # fmt: skip
    assert bool(widths) == bool(any_run.rows)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"), ("`rm`", r"\`rm\`"), ("<b>&amp;", "&lt;b&gt;&amp;amp;"), ("*_[x](y)", r"\*\_\[x\](y)"),
        (r"\|", r"\\\|"), ("$x$ ~y~", r"\$x\$ \~y\~"), ("a\nb\r\nc", "a b c"), ("\x1b[31m\u202e", r"\[31m"),
        ("@all #12", "@&#8203;all #&#8203;12"), ("https://x", "https:&#8203;//x"), ("h0 = 0: fine", "h0 = 0: fine"),
    ],
)  # fmt: skip
def test_escape(text: str, escaped: str) -> None:
    assert as_markdown.escape(text) == escaped


def test_a_hostile_text_stays_text(hostile: Run) -> None:
    text = as_markdown.render(hostile)
    before, _, rest = text.partition("**repeat**:")
    command, _, after = rest.partition("## diagnosis")
    for told in (
        before,
        after.replace(f"    {words.clean(hostile.command)}  ", ""),
    ):  # a map's label stands in a block of code
        assert "<script" not in told
        assert not re.search(r"(?<!\\)[`\[]", told)
        assert "@all" not in told
    assert "\x1b" not in text
    assert len(command.strip("\n").splitlines()) == 1  # one indented line, which nothing in it can leave
    assert command.strip("\n").startswith("    [bold]")


def test_several_take_a_line_each_and_the_worst_a_table(several: Run) -> None:
    text = as_markdown.render(several)
    assert text.startswith("## ✗ differ: 4 cases")
    assert "| ✗ differ | rnn · float64 · seed 2 | 8/20 | 6.7e+15 | 3fa9c1d07b52 |" in text
    assert text.count("| array |") == 1


def test_forward_that_departs_comes_first(c1: Run) -> None:
    (judgement,) = c1.judgements
    forward = tuple(replace(row, verdict="differ") for row in judgement.forward)
    text = as_markdown.render(replace(c1, judgements=(replace(judgement, forward=forward),)))
    assert text.index("**forward**") < text.index("| loss |") < text.index("**gradients**") < text.index("| Whh |")
