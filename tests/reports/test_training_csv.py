"""A training's numbers as CSV: tidy, complete, and the same when read again."""

from __future__ import annotations

import csv
from io import StringIO

import numpy as np
import pytest
from trainings import EVERY, HOSTILE, agreeing, by_hand_alone, exploding, hostile, trained, trainee

from harness.trained import Series, Trained
from reports import training_csv


def test_every_curve_and_the_drift_come_back_in_full() -> None:
    one = agreeing()
    headings, *rows = csv.reader(StringIO(training_csv.render(one)))
    assert headings == ["trainee", "series", "update", "value"]
    back: dict[str, list[tuple[int, float]]] = {}
    for title, name, update, value in rows:
        assert title == "identity, as published"
        back.setdefault(name, []).append((int(update), float(value)))
    (trainee_,) = one.trainees
    assert trainee_.drift is not None
    expected = {curve.name: (curve.updates, curve.values) for curve in trainee_.series}
    expected["drift from jax"] = (trainee_.drift.updates, trainee_.drift.distance)
    assert back == {name: list(zip(*map(np.ndarray.tolist, pair), strict=True)) for name, pair in expected.items()}


def test_without_a_reference_there_is_no_drift() -> None:
    assert "drift" not in training_csv.render(by_hand_alone())


def test_what_is_not_finite_is_written_out() -> None:
    odd = Series("loss", np.arange(3), np.array([np.nan, np.inf, -np.inf]))
    lines = training_csv.render(trained(trainee(3, title="a", series=(odd,), drift=None))).splitlines()
    assert lines[1:] == ["a,loss,0,nan", "a,loss,1,inf", "a,loss,2,-inf"]
    assert "8e+90" in training_csv.render(exploding())


def test_hostile_names_stay_in_their_column() -> None:
    rows = list(csv.reader(StringIO(training_csv.render(hostile()))))
    assert {len(row) for row in rows} == {4}
    assert {row[0] for row in rows[1:]} == {HOSTILE}


@pytest.mark.parametrize("one", EVERY.values(), ids=EVERY)
def test_every_training_has_its_headings(one: Trained) -> None:
    assert training_csv.render(one).startswith("trainee,series,update,value\n")
