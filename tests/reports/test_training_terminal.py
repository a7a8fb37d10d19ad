"""A training on a terminal: the whole story, in a hundred columns, in any encoding, whatever things are called."""

from __future__ import annotations

import io
import unicodedata
from textwrap import dedent

import numpy as np
import pytest
from rich.console import Console
from trainings import EVERY, agreeing, differing, exploding, hostile, sampled, together

from harness.trained import Series, Trained
from reports import sparkline, training_terminal
from reports.sparkline import spark


def printed(trained: Trained, encoding: str = "utf-8") -> str:
    """What a log gets, in ``encoding``, which takes no character that it has not."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)
    training_terminal.print_trained(trained, Console(file=file))
    file.seek(0)
    return "\n".join(line.rstrip() for line in file.read().splitlines()) + "\n"


AGREEING = """\
✓ agree: 100 of 100 updates agree with jax at the same weights
sequence · four random inputs, four targets

identity, as published
███████▇▇▇▇▇▇▆▆▆▆▆▆▅▅▅▅▅▅▄▄▄▄▄▄▃▃▃▃▃▃▂▂▂▂▂▂▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁▁  loss, log scale
model        lstm · identity · squared-error · H=100
by           handgrad 0.1.0; SGD, rate 0.1, not clipped
updates      100 of 100, in 0.5 s
curve        loss from 0.7500 at update 0 to 7.8e-04 at update 99
predictions  -0.5006 0.2004 0.0998 -0.4999
lockstep     ✓ agree: 100 of 100 updates agree with jax 0.10.2 at the same weights; 20 judged by a
             budget of their own, 80 passed the screen; worst error ÷ budget 0.42 at update 40, W_hh
             f 3, 12
drift        two trajectories, by hand and by jax: 9.9e-15 apart after update 99, grows ×1.41 in 100
             updates; never judged

published figures: 1 of 1 met
figure            published  here  within
───────────────────────────────────────────────────
loss at update 0       0.75  0.75  ✓ 1e-07 relative

ran on     handgrad 0.1.0, python 3.11.9, numpy 2.4.6, jax 0.10.2 · Linux x86_64 ·
           2025-01-01T12:00:00+00:00
took       1.2 s
repeat     python -m harness train sequence
"""

EXPLODING = """\
    explosion: dc overflows at update 4, step 57
    first      dc overflows at update 4, step 57: dc[3, 12] is inf
    line       published.py:88  dc = dh*o*(1-tanh(c)**2) + dc*f
    made by    (3) dc = dh ⊙ o ⊙ (1 − tanh(c)²) + dc ⊙ f
    from       dh = 1.2e+180 at [3, 12]
               dc = 8.1e+300 at [3, 12]
    why        a product overflows above 1.8e+308
    before     saturated gates: 87.0 % of f at update 3
    cure       gradients clipped to ±5, outside the backward pass

    tried from the first update on
    tried                                               stayed finite  updates  last loss
    ─────────────────────────────────────────────────────────────────────────────────────
    gradients clipped to ±5, outside the backward pass  ✓ yes              400      1.720
    a tenth of the rate                                 ✗ no                 9          –
"""


def test_one_that_agrees() -> None:
    assert printed(agreeing()) == AGREEING


def test_an_explosion_is_a_story() -> None:
    text = printed(exploding())
    assert text.startswith("✗ differ: dc overflows at update 4, step 57\n")
    assert dedent(EXPLODING) in text


def test_several_stand_side_by_side_before_each_is_told() -> None:
    text = printed(together())
    assert text.index("side by side") < text.index("loss at update 10 ") < text.index("\nmodel ")
    assert text.count("\nlockstep ") == 2


def test_the_first_update_that_differs_is_shown_in_full() -> None:
    text = printed(differing())
    assert "update 17, in full\n✗ differ: W_hh differs\n" in text
    assert "W_hh   +0.1205" in text


def test_an_interrupt_is_said_at_once() -> None:
    assert printed(EVERY["interrupted"]).splitlines()[1].startswith("interrupted after update 60 of 100")


def test_samples_are_shown_line_by_line() -> None:
    assert "sample 1   nkaeytos\nsample 2   to be,\n           or not\n" in printed(sampled())


@pytest.mark.parametrize("one", EVERY.values(), ids=EVERY)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_every_training_in_every_encoding(one: Trained, encoding: str) -> None:
    text = printed(one, encoding)
    assert not [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"} and c != "\n"]


def test_nothing_is_wider_than_a_hundred_columns() -> None:
    for name in ("agreeing", "together", "exploding", "sampled"):
        assert max(map(len, printed(EVERY[name]).splitlines())) <= 100


def test_names_are_no_markup_and_break_no_line() -> None:
    text = " ".join(printed(hostile()).split())
    assert "[bold]x[/bold]<script>alert(1)</script>" in text
    assert "\x1b" not in text


def test_a_terminal_gets_colours_and_a_log_none() -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    for one, style in ((agreeing(), "\x1b[32m"), (exploding(), "\x1b[1;31m")):
        file = Tty()
        console = Console(file=file, width=100, force_terminal=True, color_system="standard")
        training_terminal.print_trained(one, console)
        assert file.getvalue().startswith(style)
        assert "\x1b" not in training_terminal.plain(one)


def test_what_was_not_compared_is_not_green() -> None:
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=True, color_system="standard")
    training_terminal.print_trained(EVERY["by hand alone"], console)
    assert "\x1b[32m" not in file.getvalue().splitlines()[0]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([1, 2], ""),
        ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█  loss"),
        ([1, 10, 100], "▁▅█  loss, log scale"),
        ([5, 5, 5], "▅▅▅  loss"),
        ([0, 50, 100], "▁▅█  loss"),
        ([1, np.nan, 2, np.inf], "▁×█×  loss"),
        ([np.nan, np.nan, np.nan], "×××  loss, never finite"),
        ([-1000, 0, 1000], "▁▅█  loss"),
    ],
)
def test_a_sparkline(values: list[float], line: str) -> None:
    assert spark(Series("loss", np.arange(len(values)), np.array(values, float))) == line


def test_a_long_sparkline_shows_medians_so_that_one_spike_is_none() -> None:
    values = np.ones(6000)
    values[3000] = 1e9
    line, _ = spark(Series("loss", np.arange(6000), values)).split("  ")
    assert line == "▅" * sparkline.COLUMNS
