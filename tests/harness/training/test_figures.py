"""The published figures of every task, reached by hand-derived gradients alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.trained import Figure
from harness.training import tasks
from harness.training.hands import Own
from harness.training.loop import Log, train
from harness.training.options import Options
from harness.training.tasks import adder, names, primes, sequence, text

SHARED = Path(__file__).resolve().parents[4] / "shared"


def descended(task: str, options: Options, updates: int) -> Log:
    setting = tasks.get(task).settings(options)[0]
    log = train(setting, Own(setting.model), updates)
    assert log.done == updates
    return log


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"needs ../shared/{name}")
    return SHARED / name


def assert_close(log: Log, count: int) -> list[Figure]:
    figures = log.meter.figures()
    assert len(figures) == count
    assert [figure for figure in figures if not figure.close] == []
    return figures


def test_the_sequence() -> None:
    assert_close(descended("sequence", Options(), 100), 2)


def test_primes_and_the_ten_predictions() -> None:
    figures = assert_close(descended("primes", Options(), 9001), 12)
    printed = [f"{figure.here:.6f}" for figure in figures[2:]]
    assert printed == [f"{value:.6f}" for value in primes.PREDICTIONS]


def test_the_adder_adds() -> None:
    log = descended("adder", Options(), 10_000)
    assert_close(log, 11)
    assert log.meter.told() == [("exact", "1000 of the last 1000 sums")]


def test_names_of_dinosaurs() -> None:
    assert_close(descended("names", Options(data=shared("data/dinos.txt")), 12_001), 7)


def test_the_mended_lstm_learns_names() -> None:
    log = descended("text", Options(data=shared("data/dinos.txt")), 400)
    last = log.meter.series()[0].values[-text.LAST :]
    assert last.mean() < 1.9


def test_the_figures_are_those_of_the_casebook() -> None:
    told = json.loads(shared("figures.json").read_text())
    assert {str(update): value for update, value in sequence.PUBLISHED.items()} == told["sequence_training"]["loss"]
    assert {str(update): value for update, value in primes.PUBLISHED.items()} == told["primes_training"]["loss"]
    assert list(primes.PREDICTIONS) == told["primes_training"]["predictions_at_9000"]
    assert {str(update): value for update, value in names.PUBLISHED.items()} == told["names_training"]["smoothed_loss"]
    errors = told["binary_adder_training"]
    assert {str(update): value for update, value in adder.PUBLISHED.items()} == errors["sum_of_absolute_errors"]
    assert errors["exact_sums_in_last_1000_updates"] == adder.LAST


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("sequence", Options(rate=0.05)),
        ("sequence", Options(hidden=20)),
        ("sequence", Options(seed=1)),
        ("sequence", Options(clip=1.0)),
        ("primes", Options(hidden=20)),
        ("adder", Options(rate=0.05)),
        ("adder", Options(hidden=5)),
        ("adder", Options(seed=1)),
        ("adder", Options(clip=0.1)),
        ("names", Options()),
    ],
)
def test_another_set_up_has_no_published_figures(task: str, options: Options) -> None:
    assert descended(task, options, 3).meter.figures() == []


def test_a_figure_that_is_missed_is_said() -> None:
    setting = tasks.get("sequence").settings(Options())[0]
    wrong = Own(setting.model)

    class Slower:
        name = "slower"

        def __call__(self, arrays):  # type: ignore[no-untyped-def]
            answer = wrong(arrays)
            answer.grads["W_ih"][:] *= 0.999
            return answer

    figures = train(setting, Slower(), 100).meter.figures()
    assert [figure.close for figure in figures] == [True, False]
