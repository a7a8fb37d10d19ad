"""What tasks set up, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from harness.training import tasks
from harness.training.options import Options
from harness.training.setting import Stream
from harness.training.tasks import text


@pytest.mark.parametrize("name", sorted(tasks.available()))
def test_every_task_sets_up_what_its_model_takes(name: str) -> None:
    task = tasks.get(name)
    assert task.SUMMARY and (Path(tasks.__file__).parents[2] / "casebook" / task.ENTRY / "README.md").exists()
    for setting in task.settings(Options()):
        batch = setting.batch(0)
        T, B, D = batch["x"].shape
        sizes = {
            "T": T,
            "B": B,
            "D": D,
            "H": setting.params["W_hh"].shape[1],
            "K": len(setting.params.get("W_hy", [0])),
        }
        shapes = setting.model.shapes(sizes)
        for array, value in {**setting.params, **batch}.items():
            assert value.shape == shapes[array], array
        assert set(setting.params) <= set(setting.model.graded)
        assert set(setting.carried) <= set(setting.model.equations.STATES)


@pytest.mark.parametrize("name", sorted(tasks.available()))
def test_data_are_the_same_however_often_they_are_asked_for(name: str) -> None:
    one, two = (tasks.get(name).settings(Options())[0] for _ in range(2))
    later = two.batch(5)
    for update in (0, 5, 3):
        for array, value in one.batch(update).items():
            np.testing.assert_array_equal(value, two.batch(update)[array])
    for array, value in later.items():
        np.testing.assert_array_equal(value, two.batch(5)[array])


@pytest.mark.parametrize("name", ["sequence", "primes"])
def test_another_activation_stands_beside_the_published_one(name: str) -> None:
    one, two = tasks.get(name).settings(Options(activation="tanh"))
    assert (one.model.activation, two.model.activation) == ("identity", "tanh")
    for array, value in one.params.items():
        np.testing.assert_array_equal(value, two.params[array])
    assert [setting.model.activation for setting in tasks.get(name).settings(Options(activation="identity"))] == [
        "identity"
    ]


def test_gates_of_the_published_initialiser_are_identical() -> None:
    W = tasks.get("primes").settings(Options())[0].params["W_hh"].reshape(4, 100, 100)
    assert (W == W[0]).all()


def test_an_options_number_is_checked() -> None:
    with pytest.raises(BadInput, match="updates: got 0, needs 1 or more"):
        Options(updates=0)
    with pytest.raises(BadInput, match="rate: got nan, needs a number of 0 or more"):
        Options(rate=float("nan"))
    with pytest.raises(BadInput, match="clip-norm: got -1"):
        Options(clip_norm=-1)


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("adder", Options(activation="tanh"), "activation: got tanh, but adder has no choice of it"),
        ("adder", Options(data=Path("x")), "data: got x, but adder has no choice of it"),
        ("primes", Options(data=Path("x")), "data: got x, but primes has no choice of it"),
        ("primes", Options(activation="relu"), "activation: got 'relu', allowed: identity, tanh"),
        ("names", Options(activation="relu"), "activation: got relu, but names has no choice of it"),
        ("text", Options(activation="relu"), "activation: got relu, but text has no choice of it"),
    ],
)
def test_a_choice_that_there_is_not(task: str, options: Options, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        tasks.get(task).settings(options)


def test_a_task_that_there_is_not() -> None:
    with pytest.raises(BadInput, match="task: got 'name', allowed: adder, names, primes, sequence, text"):
        tasks.get("name")


@pytest.mark.parametrize(
    ("task", "content", "message"),
    [
        ("names", b"", "is empty"),
        ("names", b"aaa", "has the one symbol 'a'"),
        ("names", b"ann\n\nbob\n", "line 2 is blank, needs a name on every line"),
        ("names", b"ann\nbob\n \n", "line 3 is blank"),
        ("names", b"\nann\n", "line 1 is blank"),
        ("names", b"ann\n\xff\n", "is not UTF-8: byte 0xff at 4"),
        ("text", b"", "is empty"),
        ("text", b"aa" * 100, "has the one symbol 'a'"),
        ("text", b"ab" * 50, "has 100 symbols, a window of 100 needs 101"),
    ],
)
def test_data_that_cannot_be_trained_on(tmp_path: Path, task: str, content: bytes, message: str) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=message):
        tasks.get(task).settings(Options(data=path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        tasks.get("names").settings(Options(data=tmp_path / "none"))


def test_names_are_lower_cased_and_end_in_a_newline(tmp_path: Path) -> None:
    path = tmp_path / "names"
    path.write_text("Ab\nB")
    setting = tasks.get("names").settings(Options(data=path))[0]
    assert list(setting.alphabet) == ["\n", "a", "b"] and setting.stop == 0
    batches = [setting.batch(update) for update in range(2)]
    seen = {tuple(batch["y"][:, 0]): batch["x"][:, 0] for batch in batches}
    assert set(seen) == {(1, 2, 0), (2, 0)}
    np.testing.assert_array_equal(seen[1, 2, 0], [[0, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_a_stream_starts_again_when_no_whole_window_is_left() -> None:
    stream = Stream(np.arange(8), 3)
    assert [list(stream.window(update)) for update in range(3)] == [[0, 1, 2, 3], [3, 4, 5, 6], [0, 1, 2, 3]]
    assert [stream.start(update) for update in range(3)] == [0, 3, 0]


def test_the_made_up_text_has_the_symbols_that_the_published_program_needs() -> None:
    made = text.made_up()
    assert len(set(made)) == text.SYMBOLS >= 100
    assert made == text.made_up() != text.made_up(seed=1)
