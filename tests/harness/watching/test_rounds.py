"""Rounds of judging beside plain comparisons of the same files, and what interrupts them."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from watched import CANDIDATE, PATIENCE, RIGHT_LINE, WRONG, write

from harness import compare
from harness.run import Run
from harness.watching.bell import Bell, Interrupted
from harness.watching.rounds import watch

pytest.importorskip("watchfiles")

#: of the fault
LINE = [line.strip() for line in CANDIDATE.splitlines()].index(RIGHT_LINE.strip()) + 1
REFERENCES = "extended,complex-step"
#: its forward is another than its layout says; judged by its own
DEPARTED = CANDIDATE.replace("np.tanh(x[t]", "0.5 * np.tanh(x[t]")
#: the layout says nothing of it: judged by its own forward alone
BARE = CANDIDATE.replace("layout =", "_layout =").replace("model =", "_model =")
CLIPPED = CANDIDATE.replace(RIGHT_LINE, RIGHT_LINE.replace("da.T", "np.clip(da, -4, 4).T"))


class Recorded:
    """What a screen would show; after each last word the next text is saved."""

    def __init__(self, file: Path, texts: Sequence[str]) -> None:
        self._file, self._texts = file, list(texts)
        self.began_with: list[tuple[str, ...]] = []
        self.stood: list[list[Run]] = []
        self.runs: list[Run] = []
        self.refusals: list[str] = []

    def began(self, changes: Sequence[str]) -> None:
        self.began_with.append(tuple(changes))
        self.stood.append([])

    def stands(self, run: Run, seconds: float) -> None:
        self.stood[-1].append(run)

    def done(self, run: Run, seconds: float) -> None:
        self.runs.append(run)
        self._next()

    def refused(self, why: str) -> None:
        self.refusals.append(why)
        self._next()

    def interrupted(self) -> None:
        raise AssertionError("nothing interrupts")

    def _next(self) -> None:
        if self._texts:
            self._file.write_text(self._texts.pop(0))


def rows(run: Run) -> list[str]:
    """All that is judged to the last digit, without what differs from time to time."""
    judged = [
        (one.case, one.verdict, one.reason, one.forward, one.rows, one.parts, one.findings)
        for one in (*run.judgements, *run.companions)
    ]
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return [run.verdict, *map(repr, judged), *sorted(map(repr, run.findings))]


@pytest.mark.parametrize(
    ("name", "texts", "references"),
    [
        ("right, wrong and right again", [CANDIDATE, WRONG, CANDIDATE], REFERENCES),
        ("departed and clipped", [DEPARTED, CLIPPED], REFERENCES),
        ("broken", ["def (\n", CANDIDATE.replace("return 0.5", "return 1 / 0, {}\n    return 0.5")], REFERENCES),
        ("without a layout", [BARE, BARE.replace(RIGHT_LINE, "")], None),
    ],
)
def test_every_round_is_as_compare(name: str, texts: list[str], references: str | None, tmp_path: Path) -> None:
    """Row by row, whatever was judged before with the same workers and memory."""
    file = write(tmp_path, texts[0])
    screen = Recorded(file, texts[1:])
    watch(str(file), screen, timeout=60, memory=4, references=references, diagnose=False, rounds=len(texts))
    assert len(screen.runs) == len(texts)
    assert screen.began_with == [(), *[("my.py saved",)] * (len(texts) - 1)]
    expected = {}
    for text in dict.fromkeys(texts):
        file.write_text(text)
        expected[text] = rows(compare(candidate=str(file), references=references))
    assert [rows(run) for run in screen.runs] == [expected[text] for text in texts]


def test_what_is_known_is_told_before_why(tmp_path: Path) -> None:
    """The verdict by the references, the diagnosis, and then what its own forward has to say."""
    file = write(tmp_path, WRONG)
    screen = Recorded(file, ())
    watch(str(file), screen, timeout=60, memory=4, references="extended", diagnose=True, rounds=1)
    [(first, second)], [last] = screen.stood, screen.runs
    assert (first.verdict, second.verdict, last.verdict) == ("differ",) * 3
    assert first.diagnosis is None
    assert second.diagnosis is last.diagnosis is not None
    assert first.judgements == second.judgements == last.judgements
    assert len(first.companions) == len(second.companions) < len(last.companions)
    assert last.diagnosis.places[0].line == LINE


@pytest.mark.slow
def test_the_diagnosis_is_that_of_compare(tmp_path: Path) -> None:
    """Though it is made before the candidate's own forward is asked."""
    file = write(tmp_path, WRONG)
    screen = Recorded(file, ())
    watch(str(file), screen, timeout=60, memory=4, references="extended", diagnose=True, rounds=1)
    alone = compare(candidate=str(file), references="extended", diagnose=True)
    assert screen.runs[0].diagnosis is not None
    assert alone.diagnosis is not None
    told = [replace(one, seconds=0.0, calls=0, method="") for one in (alone.diagnosis, screen.runs[0].diagnosis)]
    assert repr(told[0]) == repr(told[1])


def test_bad_input_is_told_and_the_next_save_is_judged(tmp_path: Path) -> None:
    file = write(tmp_path, CANDIDATE.replace('"a, x"', '"a, q"'))
    screen = Recorded(file, [CANDIDATE])
    watch(str(file), screen, timeout=60, memory=4, references="extended", alone=True, rounds=2)
    assert screen.refusals[0].startswith('layout of W: "a, q": got "q"')
    assert [run.verdict for run in screen.runs] == ["agree"]


def test_a_fault_of_ours_ends_one_round_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.watching import rounds

    def broken(**options: object) -> Run:
        monkeypatch.setattr(rounds, "compare", compare)
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(rounds, "compare", broken)
    file = write(tmp_path)
    screen = Recorded(file, [CANDIDATE + "\n"])
    watch(str(file), screen, timeout=60, memory=4, references="extended", alone=True, rounds=2)
    assert screen.refusals == ["this round failed by itself, which is a fault of ours: ZeroDivisionError: ours"]
    assert [run.verdict for run in screen.runs] == ["agree"]


def _soon(action: object) -> None:
    assert callable(action)
    threading.Timer(0.05, action).start()


def test_a_ring_interrupts_a_wait_and_only_once() -> None:
    with Bell() as bell:
        _soon(bell.ring)
        with pytest.raises(Interrupted), bell.armed():
            threading.Event().wait(PATIENCE)
        bell.ring()  # nothing is armed
        bell.silence()
        with bell.armed():
            pass
        bell.ring()
        with pytest.raises(Interrupted), bell.armed():
            raise AssertionError("it was rung before")


def test_what_is_held_is_done_to_its_end() -> None:
    done = []

    def work(bell: Bell) -> None:
        with bell.armed():
            with bell.held():
                bell.ring()
                time.sleep(0.05)
                done.append("held")
            done.append("behind")

    with Bell() as bell, pytest.raises(Interrupted):
        work(bell)
    assert done == ["held"]


def test_ctrl_c_is_remembered_and_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGUSR1)
    with Bell() as bell:
        signal.raise_signal(signal.SIGINT)
        assert bell.ended
        with pytest.raises(Interrupted), bell.armed():
            raise AssertionError("it ended before")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGUSR1)) == before
