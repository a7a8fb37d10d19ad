"""A training as Markdown: a heading, lists and tables that nothing in a candidate's words can break."""

from __future__ import annotations

import re

import pytest
from trainings import EVERY, agreeing, differing, exploding, hostile, sampled

from harness.trained import Trained
from reports import training_markdown
from reports.as_markdown import escape

AGREEING = """\
## ✓ agree: 100 of 100 updates agree with jax at the same weights

sequence · four random inputs, four targets

### identity, as published

    ███████▇▇▇▇▇▇▆▆▆▆▆▆▅▅▅▅▅▅▄▄▄▄▄▄▃▃▃▃▃▃▂▂▂▂▂▂▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁▁  loss, log scale

- **model**: lstm · identity · squared-error · H=100
- **by**: handgrad 0.1.0; SGD, rate 0.1, not clipped
- **updates**: 100 of 100, in 0.5 s
- **curve**: loss from 0.7500 at update 0 to 7.8e-04 at update 99
- **predictions**: -0.5006 0.2004 0.0998 -0.4999
"""


def test_one_that_agrees() -> None:
    text = training_markdown.render(agreeing())
    assert text.startswith(AGREEING)
    assert "| figure | published | here | within |\n| --- | --- | --- | --- |\n" in text
    assert text.endswith("**repeat**:\n\n    python -m harness train sequence\n")


def test_an_explosion_has_its_story_and_its_table() -> None:
    text = training_markdown.render(exploding())
    assert "**explosion: dc overflows at update 4, step 57**\n\n- **first**: dc overflows at update 4, step 57" in text
    assert "| a tenth of the rate | ✗ no | 9 | – |" in text


def test_the_first_update_that_differs_is_two_headings_below() -> None:
    text = training_markdown.render(differing())
    assert "**update 17, in full**\n\n#### ✗ differ: W\\_hh differs\n" in text
    assert [len(mark) for mark in re.findall(r"^(#+) ", text, re.MULTILINE)] == [2, 3, 4]


def test_samples_stand_as_they_are() -> None:
    assert "**samples**\n\n    nkaeytos\n    to be,\n    or not\n" in training_markdown.render(sampled())


def test_hostile_names_are_characters() -> None:
    text = training_markdown.render(hostile())
    assert escape("[bold]x[/bold]<script>") in text
    for line in text.splitlines():
        if not line.startswith("    "):  # an indented block shows its characters
            assert "<script>" not in line
            assert not re.search(r"(?<!\\)`|@(?!&#8203;)", line)
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 5, 11)


@pytest.mark.parametrize("one", EVERY.values(), ids=EVERY)
def test_every_training_is_a_page(one: Trained) -> None:
    text = training_markdown.render(one)
    assert text.startswith("## ")
    assert text.endswith("\n")
    assert "\x1b" not in text
