"""The run as strict JSON, described by ``run.schema.json``: what badges and other programs read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from importlib.resources import files
from math import isfinite, isnan
from typing import Any

import numpy as np

from harness.run import Judgement, Run

SUFFIXES = (".json",)

#: Version 1: the run with all its judgements, rows, participants and findings, and the parts of what does not agree.
#: What pictures are drawn from is left out.
FORMAT_VERSION = 1
PICTURED = ("elements", "adjoints")


def render(run: Run) -> str:
    """The run on ASCII alone, so that no later reader's encoding can change it."""
    return json.dumps(document(run), indent=1, allow_nan=False) + "\n"


def document(run: Run) -> dict[str, Any]:
    """The run as JSON's own types; NaN and infinities, which JSON has not, as ``"nan"``, ``"inf"``, ``"-inf"``."""
    counted = {
        "verdict": run.verdict, "exit_code": run.exit_code, "agreeing": run.agreeing, "total": len(run.rows),
        "worst_ulp": plain(run.worst_ulp),
    }  # fmt: skip
    told = {name: [_judgement(one) for one in getattr(run, name)] for name in ("judgements", "companions")}
    whole = _told(replace(run, judgements=(), companions=(), adjoints=None))
    return {"format_version": FORMAT_VERSION, **counted, **whole, **told}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a saved run."""
    return dict(json.loads(files("reports").joinpath("run.schema.json").read_text("utf-8")))


def _judgement(judgement: Judgement) -> dict[str, Any]:
    suspects = {(row.array, row.reference) for row in judgement.rows if row.verdict != "agree"}
    parts = [part for part in judgement.parts if (part.array, part.reference) in suspects]
    case = {"title": judgement.case.title, **plain(judgement.case)}
    return {**_told(replace(judgement, parts=tuple(parts), elements=())), "case": case}


def _told(value: Run | Judgement) -> dict[str, Any]:
    """All of it but what pictures are drawn from."""
    return {name: one for name, one in plain(value).items() if name not in PICTURED}


def plain(value: Any, nan: str | None = "nan") -> Any:
    """What JSON holds of numbers, arrays, mappings and dataclasses; NaN is told as ``nan``, infinities as text."""
    if isinstance(value, float | np.floating):
        return float(value) if isfinite(value) else nan if isnan(value) else str(float(value))
    if isinstance(value, np.ndarray | np.bool_ | np.integer):
        return plain(value.tolist(), nan)
    if isinstance(value, list | tuple):
        return [plain(one, nan) for one in value]
    if isinstance(value, Mapping):
        return {str(key): plain(one, nan) for key, one in value.items()}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name), nan) for field in fields(value)}
    return value
