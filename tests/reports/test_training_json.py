"""A saved training is strict JSON, is what its schema says, and loses nothing."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]  # its stubs are apart
from trainings import EVERY, EXPLOSION, agreeing, differing, exploding, hostile, interrupted, judged, trained, trainee

from harness.trained import Drift, Explosion, Figure, Lockstep, Remedy, Series, Trained, Trainee
from reports import as_json, training, training_json

VALIDATOR = Draft202012Validator(training_json.schema())


def saved(one: Trained) -> dict[str, Any]:
    """The training as a strict reader gets it back."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return dict(json.loads(training_json.render(one), parse_constant=refuse))


@pytest.mark.parametrize("one", EVERY.values(), ids=EVERY)
def test_every_training_is_what_the_schema_says(one: Trained) -> None:
    Draft202012Validator.check_schema(training_json.schema())
    VALIDATOR.validate(saved(one))


@pytest.mark.parametrize(
    ("name", "kind", "own"),
    [
        ("series", Series, set()), ("figure", Figure, set()), ("lockstep", Lockstep, set()), ("drift", Drift, set()),
        ("remedy", Remedy, set()), ("explosion", Explosion, set()), ("trainee", Trainee, {"verdict"}),
        ("", Trained, {"format_version", "verdict", "exit_code", "headline"}),
    ],
)  # fmt: skip
def test_the_schema_has_each_field(name: str, kind: Any, own: set[str]) -> None:
    schema = training_json.schema()
    described = schema["$defs"][name] if name else schema
    expected = {field.name for field in fields(kind)} | own
    assert set(described["properties"]) == expected == set(described["required"])
    assert described["additionalProperties"] is False


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("format_version", 2), ("verdict", "fine"), ("exit_code", 1), ("trainees", [{}]), ("interrupted", "no"), ("x", 1)],
)
def test_the_schema_refuses_what_it_does_not_describe(key: str, wrong: Any) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate({**saved(agreeing()), key: wrong})


def test_the_verdict_and_the_exit_code_belong_together() -> None:
    assert (saved(exploding())["verdict"], saved(exploding())["exit_code"]) == ("differ", 1)
    assert (saved(interrupted())["verdict"], saved(interrupted())["exit_code"]) == ("agree", 130)
    with pytest.raises(ValidationError):
        VALIDATOR.validate({**saved(interrupted()), "exit_code": 0})


def test_nothing_is_lost() -> None:
    (told,) = saved(exploding())["trainees"]
    (one,) = exploding().trainees
    assert told["series"][0] == {
        "name": "loss per character", "updates": [0, 1, 2, 3], "values": one.series[0].values.tolist(),
    }  # fmt: skip
    assert told["explosion"]["inputs"] == [["dh", "1.2e+180 at [3, 12]"], ["dc", "8.1e+300 at [3, 12]"]]
    assert told["explosion"]["value"] == "inf"
    assert told["explosion"]["remedies"][1] == {
        "name": "a tenth of the rate", "finite": False, "updates": 9, "loss": None,
    }  # fmt: skip
    assert told["drift"]["growth"] is None
    assert told["loop"][0]["name"] == "inputs"


def test_what_is_not_finite_is_null_or_a_word() -> None:
    odd = Series("loss", np.arange(4), np.array([np.nan, np.inf, -np.inf, 1.0]))
    (told,) = saved(trained(trainee(4, series=(odd,))))["trainees"]
    assert told["series"][0]["values"] == [None, "inf", "-inf", 1.0]


def test_the_first_update_that_differs_is_a_judgement_as_of_a_saved_run() -> None:
    (told,) = saved(differing())["trainees"]
    run = training.run_of(differing(), judged())
    assert told["lockstep"]["judgement"] == json.loads(as_json.render(run))["judgements"][0]
    assert told["lockstep"]["first"] == 17


def test_numbers_of_numpy_are_numbers() -> None:
    odd: dict[str, Any] = {"index": (np.int64(3), np.int64(12)), "value": np.float64("-inf")}
    explosion = replace(EXPLOSION, **odd)
    (told,) = saved(trained(trainee(explosion=explosion)))["trainees"]
    assert (told["explosion"]["index"], told["explosion"]["value"]) == ([3, 12], "-inf")


def test_it_is_ascii() -> None:
    assert training_json.render(hostile()).isascii()
