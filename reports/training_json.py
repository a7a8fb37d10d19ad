"""A training as strict JSON, described by ``training.schema.json``."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

from harness.trained import Lockstep, Trained, Trainee

from . import as_json, training

#: Version 1: all trainees with all their curves, figures, findings and samples.
FORMAT_VERSION = 1


def render(trained: Trained) -> str:
    """The training on ASCII alone, so that no later reader's encoding can change it."""
    return json.dumps(document(trained), allow_nan=False) + "\n"


def document(trained: Trained) -> dict[str, Any]:
    """The training as JSON's own types: NaN, which it has not, as null, infinities as ``"inf"`` and ``"-inf"``.

    The judgement of the first update that does not agree is written as in a saved run.
    """
    counted = {"verdict": trained.verdict, "exit_code": trained.exit_code, "headline": training.headline(trained)}
    told = [_trainee(trained, trainee) for trainee in trained.trainees]
    return {"format_version": FORMAT_VERSION, **counted, **_plain(replace(trained, trainees=())), "trainees": told}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a saved training; what it shares with a saved run is described there."""
    own = dict(json.loads(files("reports").joinpath("training.schema.json").read_text("utf-8")))
    return {**own, "$defs": {**as_json.schema()["$defs"], **own["$defs"]}}


def _trainee(trained: Trained, trainee: Trainee) -> dict[str, Any]:
    told = {"verdict": trainee.verdict, **_plain(replace(trainee, lockstep=None))}
    return told | {"lockstep": trainee.lockstep and _lockstep(trained, trainee.lockstep)}


def _lockstep(trained: Trained, lockstep: Lockstep) -> dict[str, Any]:
    judgement = None
    if lockstep.judgement is not None:
        (judgement,) = as_json.document(training.run_of(trained, lockstep.judgement))["judgements"]
    return {**_plain(replace(lockstep, judgement=None)), "judgement": judgement}


def _plain(value: Any) -> Any:
    return as_json.plain(value, nan=None)
