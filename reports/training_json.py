"""A training as strict JSON, described by ``training.schema.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from importlib.resources import files
from math import isfinite, isnan
from typing import Any

import numpy as np

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
    return {"format_version": FORMAT_VERSION, **counted, **_json(replace(trained, trainees=())), "trainees": told}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a saved training; what it shares with a saved run is described there."""
    own = dict(json.loads(files("reports").joinpath("training.schema.json").read_text("utf-8")))
    return {**own, "$defs": {**as_json.schema()["$defs"], **own["$defs"]}}


def _trainee(trained: Trained, trainee: Trainee) -> dict[str, Any]:
    told = {"verdict": trainee.verdict, **_json(replace(trainee, lockstep=None))}
    return told | {"lockstep": trainee.lockstep and _lockstep(trained, trainee.lockstep)}


def _lockstep(trained: Trained, lockstep: Lockstep) -> dict[str, Any]:
    judgement = None
    if lockstep.judgement is not None:
        (judgement,) = as_json.document(training.run_of(trained, lockstep.judgement))["judgements"]
    return {**_json(replace(lockstep, judgement=None)), "judgement": judgement}


def _json(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if isfinite(value) else None if isnan(value) else str(float(value))
    if isinstance(value, np.ndarray | np.bool_ | np.integer):
        return _json(value.tolist())
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _json(one) for key, one in value.items()}
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    return value
