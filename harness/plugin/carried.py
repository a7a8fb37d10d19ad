"""A run as text and back: what pytest-xdist's workers send to the process that reports. Nothing is pickled.

The classes that a run is made of are found in their leaves, so that a new field or class needs nothing here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np

from harness import diagnosed, pictured
from harness import run as run_module
from harness.run import Run

#: the key under which an object says what it is; no other object of ours has a key of this name
_KIND = "$"


def packed(run: Run) -> str:
    """The run as JSON. Numbers and texts come back as they were, to the last bit."""
    return json.dumps(_plain(run))


def unpacked(text: str) -> Run:
    """The run that was packed."""
    run = _made(json.loads(text))
    assert isinstance(run, Run)
    return run


@cache
def _classes() -> Mapping[str, type]:
    """The dataclasses and named tuples of the leaves, by name."""
    found = [
        one
        for leaf in (run_module, diagnosed, pictured)
        for one in vars(leaf).values()
        if isinstance(one, type) and (is_dataclass(one) or hasattr(one, "_fields"))
    ]
    return {one.__name__: one for one in found}


def _plain(value: Any) -> Any:
    """JSON of a value: what JSON has no word for becomes an object that says what it is."""
    if is_dataclass(value) and not isinstance(value, type):
        members = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {_KIND: type(value).__name__, "of": members}
    if hasattr(value, "_fields"):
        return {_KIND: type(value).__name__, "of": {name: _plain(getattr(value, name)) for name in value._fields}}
    if isinstance(value, np.ndarray):
        data = base64.b64encode(value.tobytes()).decode("ascii")
        return {_KIND: "array", "of": [value.dtype.str, list(value.shape), data]}
    if isinstance(value, np.generic):
        return {_KIND: "scalar", "of": _plain(np.asarray(value))}
    if isinstance(value, tuple):
        return {_KIND: "tuple", "of": [_plain(one) for one in value]}
    if isinstance(value, Mapping):
        return {_KIND: "mapping", "of": [[_plain(key), _plain(one)] for key, one in value.items()]}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    assert value is None or isinstance(value, bool | int | float | str), type(value)
    return value


def _made(told: Any) -> Any:
    if isinstance(told, list):
        return [_made(one) for one in told]
    if not isinstance(told, dict):
        return told
    kind, of = told[_KIND], told["of"]
    if kind == "array":
        dtype, shape, data = of
        return np.frombuffer(base64.b64decode(data), np.dtype(dtype)).reshape(shape).copy()
    if kind == "scalar":
        return _made(of)[()]
    if kind == "tuple":
        return tuple(_made(one) for one in of)
    if kind == "mapping":
        return {_made(key): _made(one) for key, one in of}
    return _classes()[kind](**{name: _made(one) for name, one in of.items()})
