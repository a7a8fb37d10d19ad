"""A whole training: verdict, figures, explosions with what would have prevented them, and how it ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import harness
from harness import casebook
from harness.errors import BadInput
from harness.trained import Remedy, Trained, Trainee
from harness.training import one, tasks
from harness.training.hands import Own
from harness.training.train import train

SHARED = Path(__file__).resolve().parents[4] / "shared"
CASEBOOK = Path(casebook.__file__).parent


def only(trained: Trained) -> Trainee:
    (trainee,) = trained.trainees
    return trainee


@pytest.mark.parametrize(("task", "updates"), [("adder", 40), ("sequence", 30), ("names", 25)])
def test_every_update_agrees(task: str, updates: int) -> None:
    trained = train(task, updates=updates)
    trainee = only(trained)
    assert (trained.verdict, trained.exit_code, trained.interrupted) == ("agree", 0, False)
    assert trainee.lockstep is not None and trainee.drift is not None
    assert (trainee.lockstep.updates, trainee.lockstep.agreeing, trainee.done) == (updates, updates, updates)
    assert 0 < trainee.lockstep.worst_ratio < 1
    assert all(figure.close for figure in trainee.figures)
    assert not trainee.warnings and not trainee.loop and trainee.explosion is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "updates"), [("adder", 1000), ("sequence", 100), ("primes", 1000), ("names", 1000), ("text", 1000)]
)
def test_every_one_of_the_first_updates_agrees(task: str, updates: int) -> None:
    dinosaurs = SHARED / "data" / "dinos.txt"
    data = dinosaurs if task == "names" and dinosaurs.exists() else None
    trainee = only(train(task, updates=updates, data=data))
    assert trainee.lockstep is not None
    assert (trainee.lockstep.agreeing, trainee.lockstep.updates, trainee.lockstep.verdict) == (
        updates,
        updates,
        "agree",
    )
    assert not trainee.warnings


def test_by_hand_alone_nothing_is_compared() -> None:
    trainee = only(train("sequence", updates=3, lockstep=False))
    assert trainee.lockstep is None and trainee.drift is None and trainee.verdict == "agree"
    assert [one.name for one in trainee.series] == ["loss", "gradient norm", "saturated gates"]


def test_two_variants_stand_side_by_side() -> None:
    trained = train("sequence", updates=3, activation="tanh", lockstep=False)
    assert [trainee.model.split(" · ")[1] for trainee in trained.trainees] == ["identity", "tanh"]
    one, two = (trainee.series[0].values for trainee in trained.trainees)
    assert one[0] != two[0]


@pytest.mark.parametrize(
    ("task", "candidate"),
    [
        ("adder", "binary-adder/right.py"),
        ("sequence", "lstm-without-tanh/right.py"),
        ("names", "building-blocks/names.py"),
        ("text", "nan-lstm/right.py"),
    ],
)
def test_a_right_candidate_agrees_and_descends_as_handgrad_does(task: str, candidate: str) -> None:
    theirs = only(train(task, updates=3, candidate=CASEBOOK / candidate, drift=False))
    ours = only(train(task, updates=3, lockstep=False))
    assert theirs.verdict == "agree" and theirs.hand == Path(candidate).name
    np.testing.assert_allclose(theirs.series[0].values, ours.series[0].values, rtol=1e-9)


def test_a_wrong_candidate_differs_from_the_first_update_on() -> None:
    trained = train("text", updates=2, candidate=CASEBOOK / "nan-lstm/fault_3.py", drift=False, clip=5)
    trainee = only(trained)
    assert trainee.lockstep is not None and trainee.lockstep.judgement is not None
    assert (trained.verdict, trained.exit_code, trainee.lockstep.first) == ("differ", 1, 0)
    assert {row.array for row in trainee.lockstep.judgement.rows if row.verdict == "differ"} == {"W_ih", "W_hh", "b_ih"}


def test_a_rate_that_explodes_is_explained() -> None:
    trained = train("names", updates=60, rate=1e307, clip=0, lockstep=False)
    explosion = only(trained).explosion
    assert trained.exit_code == 1 and explosion is not None
    assert explosion.update is not None and explosion.update < 60 and not np.isfinite(explosion.value)
    assert explosion.equation and explosion.why
    remedies = {remedy.name: remedy.finite for remedy in explosion.remedies}
    assert set(remedies) == {"clipped to ±5 outside the backward pass", "a tenth of the rate"}


def test_what_would_have_prevented_an_explosion_is_tried() -> None:
    trained = train("text", updates=60, candidate=CASEBOOK / "nan-lstm/loop.py", lockstep=False)
    trainee = only(trained)
    explosion = trainee.explosion
    assert explosion is not None and explosion.file == "program.py" and explosion.line and explosion.before
    assert trainee.done == explosion.update < 8
    assert {finding.name for finding in trainee.loop} == {"loop"}
    remedies = {remedy.name: remedy for remedy in explosion.remedies}
    assert len(remedies) == 5
    assert remedies["the right gradient, clipped to ±5 outside the backward pass"].finite
    assert not remedies["a tenth of the rate"].finite


def test_an_interrupt_keeps_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Own):
        calls = 0

        def __call__(self, arrays):  # type: ignore[no-untyped-def]
            self.calls += 1
            if self.calls == 5:
                raise KeyboardInterrupt
            return super().__call__(arrays)

    monkeypatch.setattr(one, "Own", Interrupted)
    trained = train("sequence", activation="tanh")
    trainee = only(trained)
    assert (trained.interrupted, trained.exit_code, trainee.done) == (True, 130, 4)
    assert trainee.lockstep is not None and trainee.lockstep.updates == 4
    assert len(trainee.series[0].values) == 4


def test_an_interrupt_while_the_reference_is_waited_for_keeps_what_was_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finish = one.Beside.finish
    asked: list[float | None] = []

    def interrupted(self: one.Beside, seconds: float | None = None) -> object:
        asked.append(seconds)
        if len(asked) == 1:
            raise KeyboardInterrupt
        return finish(self, seconds)

    monkeypatch.setattr(one.Beside, "finish", interrupted)
    trained = train("sequence", updates=4)
    assert asked == [None, 0.0]
    assert (trained.interrupted, trained.exit_code, only(trained).done) == (True, 130, 4)


def test_an_interrupt_while_remedies_are_tried_keeps_the_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*about: object) -> object:
        yield Remedy("a tenth of the rate", True, 50, 1.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(one.remedies, "tried", interrupted)
    trained = train("names", updates=60, rate=1e307, clip=0, lockstep=False)
    explosion = only(trained).explosion
    assert (trained.interrupted, trained.exit_code) == (True, 130)
    assert explosion is not None and [remedy.name for remedy in explosion.remedies] == ["a tenth of the rate"]


def test_a_candidate_of_another_model_is_bad_input() -> None:
    with pytest.raises(
        BadInput, match=r"with_tanh\.py: has activation tanh, what is to be trained has activation identity"
    ):
        train("sequence", candidate=CASEBOOK / "lstm-without-tanh/with_tanh.py", lockstep=False)


def test_samples_are_drawn_from_character_models_only() -> None:
    assert len(only(train("names", updates=2, samples=3, lockstep=False)).samples) == 3
    assert only(train("sequence", updates=2, samples=3, lockstep=False)).samples == ()


def test_a_reference_that_there_is_not() -> None:
    with pytest.raises(BadInput, match="reference: got 'jaxx', allowed"):
        train("sequence", reference="jaxx")


def test_it_is_part_of_the_package() -> None:
    assert harness.train is train


def test_every_task_is_of_a_system_in_the_casebook() -> None:
    assert {task.ENTRY for task in tasks.available().values()} <= set(casebook.entries())
