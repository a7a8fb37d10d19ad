"""The transcriptions train what handgrad trains; the page has medians and ratios; contestants that differ are named."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import trainer, training
from benchmarks.trainer import Turn
from benchmarks.transcriptions import names, primes
from harness.training.tasks.names import LIST

DINOS = Path(__file__).parents[2].parent / "shared" / "data" / "dinos.txt"


@pytest.mark.parametrize("task", training.UPDATES)
def test_a_transcription_trains_what_handgrad_trains(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "_DINOS", LIST)  # the same with the data of the workshop and without
    one, two = trainer.transcription(task, 60), trainer.hand(task, 60)
    assert len(one.losses) == 60
    np.testing.assert_allclose(two.losses, one.losses, rtol=1e-9)
    training.alike(task, {"transcription": [one], "hand": [two]})


@pytest.mark.parametrize("name", trainer.CONTESTANTS)
def test_no_more_losses_are_told_than_updates_are_made(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in ("lockstep", "drift"):
        pytest.importorskip(trainer.REFERENCE)
    monkeypatch.setattr(trainer, "_DINOS", LIST)
    turn = trainer.CONTESTANTS[name]("names", 3)
    assert len(turn.losses) == 3
    assert turn.seconds > 0
    assert (turn.verdict, turn.apart > 0) == (("agree", True) if name in ("lockstep", "drift") else ("", False))


def test_the_published_figures_of_primes() -> None:
    losses = list(islice(primes.training(), 1))
    np.testing.assert_allclose(losses, [0.17973085380850418], rtol=1e-12)


@pytest.mark.skipif(not DINOS.exists(), reason="needs ../shared/data/dinos.txt, which only the project's workshop has")
def test_the_published_figures_of_names() -> None:
    smoothed = np.log(27) * 7
    for loss in islice(names.training(DINOS.read_text(encoding="utf-8")), 2001):
        smoothed = 0.999 * smoothed + 0.001 * loss
    np.testing.assert_allclose(smoothed, 27.884160, atol=1e-6)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Turn(1, 0, [3.0, 2.1], ""), "names, update 1: hand has loss 2.1, transcription has 2.0"),
        (Turn(1, 0, [3.0, 2.0], "differ"), "names: hand is differ"),
    ],
)
def test_contestants_that_are_not_alike_end_it(other: Turn, words: str) -> None:
    with pytest.raises(SystemExit, match=words):
        training.alike("names", {"transcription": [Turn(1, 0, [3.0, 2.0], "")], "hand": [other]})


def _turn(seconds: float, apart: float = 0.0) -> Turn:
    return Turn(seconds, apart, [1.0], "agree" if apart else "")


TURNS = {
    "transcription": [_turn(30), _turn(10), _turn(12)],
    "hand": [_turn(4), _turn(3), _turn(40)],
    "lockstep": [_turn(10, 2), _turn(11, 3), _turn(9, 4)],
    "drift": [_turn(14, 2), _turn(14, 3), _turn(14, 4)],
}


def test_medians_and_ratios() -> None:
    page = training.table({"names": TURNS}, {"names": 35_000})
    assert "Median seconds of 3 whole trainings" in page
    assert page.endswith("| names | 35,000 | 12 | 4 | 10 (3) | 14 (3) | **3.00** | 2.50 | 3.50 |\n")


def test_without_lockstep_there_is_none_in_the_table() -> None:
    alone = {name: TURNS[name] for name in ("transcription", "hand")}
    assert training.table({"primes": alone}, {"primes": 5}).endswith(
        "| primes | 5 | 12 | 4 | — | — | **3.00** | — | — |\n"
    )


@pytest.fixture
def raced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[list[Any], Path]]:
    """What is asked of the race, and the page, of a command."""

    def run(*argv: str) -> tuple[list[Any], Path]:
        asked: list[Any] = []

        def fake(task: str, updates: int, names: list[str], rounds: int) -> dict[str, list[Turn]]:
            asked.append((task, updates, tuple(names), rounds))
            return {name: TURNS[name] for name in names}

        monkeypatch.setattr(training, "raced", fake)
        monkeypatch.setattr(training, "RESULTS", tmp_path / "results.md")
        assert training.main(argv) == 0
        return asked, tmp_path / "results.md"

    return run


def test_in_full_it_is_written(raced: Callable[..., tuple[list[Any], Path]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "find_spec", lambda name: name)
    asked, page = raced()
    everybody = ("transcription", "hand", "lockstep", "drift")
    assert asked == [("names", 35_000, everybody, 3), ("primes", 10_000, everybody, 3)]
    assert "| primes | 10,000 |" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("argv", [["--updates", "7"], ["--rounds", "1"], ["--task", "names"], ["--hand-only"]])
def test_less_than_in_full_is_printed_and_not_written(
    argv: list[str], raced: Callable[..., tuple[list[Any], Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    asked, page = raced(*argv)
    assert not page.exists()
    assert "| names |" in capsys.readouterr().out
    if argv[0] == "--updates":
        assert {updates for _, updates, *_ in asked} == {7}


def test_without_the_reference_there_is_no_lockstep(
    raced: Callable[..., tuple[list[Any], Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    asked, page = raced()
    assert {names for _, _, names, _ in asked} == {("transcription", "hand")}
    assert not page.exists()


@pytest.mark.parametrize("argv", [["--updates", "0"], ["--rounds", "0"]])
def test_no_updates_or_rounds_are_refused(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        training.main(argv)
    assert refused.value.code == 2


def test_a_race_of_processes() -> None:
    turns = training.raced("primes", 4, ["transcription", "hand"], 2)
    assert {name: len(those) for name, those in turns.items()} == {"transcription": 2, "hand": 2}
    np.testing.assert_allclose(turns["transcription"][0].losses, turns["hand"][1].losses, rtol=1e-9)
