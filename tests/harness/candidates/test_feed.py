"""A candidate's own training loop, seen through its process: what it is shown, and what it may hand to a window."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import numpy as np
import pytest

from harness.candidates.process import CandidateFailed, Process
from harness.candidates.served import Served
from harness.errors import BadInput

Plant = Callable[..., Process]
Here = Callable[[str], Served]

CODES = np.array([3, 1, 2, 0, 3, 1, 2])


def fed(served: Served) -> dict[str, object]:
    return served.feed(CODES, 2, 3, None)


def loop(*body: str, takes: str = "codes, start, steps, left") -> str:
    """A file with a feed."""
    return f"def loss_and_grads(params, data): ...\ndef feed({takes}):\n" + textwrap.indent("\n".join(body), "    ")


def test_what_crosses_in_both_directions(planted: Plant) -> None:
    """Indices, lists of them with None, floats; and of the answer before its loss, gradients and trace."""
    process = planted(
        top="""
        def feed(codes, start, steps, left):
            window = codes[start : start + steps]
            seen = None if left is None else (left["loss"], sorted(left["grads"]), sorted(left["trace"]))
            dh = None if left is None else left["grads"]["b"]
            return {"inputs": [None, *map(int, window)], "targets": window, "seen": seen, "dh": dh}
        """
    )
    assert process.describe().feeds
    first = process.feed(CODES, 2, 3, None)
    assert first["inputs"] == [None, 2, 0, 3]
    assert first["targets"].tolist() == [2, 0, 3]
    assert first["targets"].dtype == CODES.dtype
    assert first["seen"] is None
    called = process.call(*process.example(0), times=1)
    after = process.feed(CODES, 0, 2, called)
    assert after["seen"] == (called.loss, ["W", "b"], [])
    assert np.array_equal(after["dh"], called.grads["b"])


def test_a_loop_may_keep_what_it_likes_between_windows(planted: Plant) -> None:
    """It runs in the module in which the backward pass runs."""
    process = planted(
        "calls.append(1)", top="calls = []\ndef feed(codes, start, steps, left): return {'n': len(calls)}"
    )
    assert process.feed(CODES, 0, 2, None) == {"n": 0}
    process.call(*process.example(0), times=1)
    assert process.feed(CODES, 0, 2, None) == {"n": 1}


def test_it_cannot_change_the_text(planted: Plant) -> None:
    process = planted(top="def feed(codes, start, steps, left):\n    codes += 9\n    return {'codes': codes}")
    codes = CODES.copy()
    for _ in range(2):
        assert np.array_equal(process.feed(codes, 0, 2, None)["codes"], CODES + 9)
    assert np.array_equal(codes, CODES)


def test_the_text_is_there_at_every_window_and_in_every_process(planted: Plant) -> None:
    """Also after its process died, and of another text."""
    process = planted(
        top="""
        import os
        def feed(codes, start, steps, left):
            return {"codes": codes} if steps else os._exit(1)
        """
    )
    other = CODES[::-1].copy()
    for codes in (CODES, CODES, other, CODES):
        assert np.array_equal(process.feed(codes, 0, 2, None)["codes"], codes)
    with pytest.raises(CandidateFailed):
        process.feed(CODES, 0, 0, None)
    assert np.array_equal(process.feed(CODES, 0, 2, None)["codes"], CODES)


@pytest.mark.parametrize("body", ["raise IndexError('no such window')", "import os; os._exit(3)", "while True: pass"])
def test_one_that_fails(planted: Plant, body: str) -> None:
    process = planted(top=f"def feed(codes, start, steps, left):\n    {body}", timeout=1.0)
    with pytest.raises(CandidateFailed) as raised:
        process.feed(CODES, 0, 2, None)
    assert {"raise": "IndexError: no such window (my.py line 4", "import": "its process ended with exit code 3",
            "while": "it gave no answer within 1 s"}[body.split()[0]] in str(raised.value)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return [1, 2]", "feed returned a list of 2, needs a dict: the data of a window"),
        ("pass", "feed returned None, needs a dict: the data of a window"),
        ("return {1: 2}", "feed returned the key 1, needs names"),
        ("return {'x': {3, 4}}", "feed: x: got a set, allowed: arrays, numbers, text, None, and lists, tuples and"),
    ],
)
def test_data_that_are_none(served: Here, body: str, message: str) -> None:
    with pytest.raises(CandidateFailed) as raised:
        fed(served(loop(body)))
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def loss_and_grads(*both): ...", "my.py: has no function feed; needs def feed(codes, start, steps, left)"),
        (loop("return {}", takes="window"), "my.py: feed is none of a training loop; needs def feed(codes, start,"),
    ],
)
def test_files_without_a_loop(served: Here, text: str, message: str) -> None:
    with pytest.raises(BadInput) as raised:
        fed(served(text))
    assert str(raised.value).startswith(message)


def test_a_function_of_that_name_is_nobody_elses_affair(planted: Plant) -> None:
    """A file that is only compared may call anything feed."""
    process = planted(top="def feed(dog): ...")
    assert process.call(*process.example(0)).impure == ()
    assert not planted(top="feed = 3").describe().feeds
