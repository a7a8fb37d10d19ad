"""Gradients as a file: one safetensors file, from any language, for a case that was saved. See docs/exchange.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.candidates import results
from harness.candidates.answers import Note
from harness.candidates.failure import CandidateFailed
from harness.case import Case
from harness.errors import BadInput
from harness.files import replace_whole
from harness.packing import pack

#: 1: gradients by canonical name, "loss", intermediates as "trace/NAME"; metadata KEY holds {"format", "fingerprint"}
FORMAT_VERSION = 1
KEY = "handgrad-gradients"
_LOSS, _TRACE = "loss", "trace/"


class Given(NamedTuple):
    """Gradients from elsewhere, by canonical name, in the case's shapes."""

    loss: np.ndarray | None  #: None where it was not given: forward is then not compared
    grads: dict[str, np.ndarray]
    trace: dict[str, np.ndarray]
    notes: tuple[Note, ...] = ()
    impure: tuple[str, ...] = ()
    seconds: float = 0.0


def write(
    path: Path,
    grads: Mapping[str, np.ndarray],
    loss: float | np.ndarray | None = None,
    trace: Mapping[str, np.ndarray] | None = None,
    case: Case | None = None,
) -> None:
    """Write gradients; with the case that they were computed from, they are tied to it. Raises BadInput."""
    arrays = {name: np.asarray(grad) for name, grad in grads.items()}
    arrays |= {_TRACE + name: np.asarray(value) for name, value in (trace or {}).items()}
    if loss is not None:
        arrays[_LOSS] = np.asarray(loss)
    for name, array in arrays.items():
        if array.dtype.kind != "f" or array.dtype == np.longdouble:
            raise BadInput(f"{name}: got dtype {array.dtype}, needs float64 or float32")
    tied = {} if case is None else {"fingerprint": case.fingerprint}
    replace_whole(path, pack(KEY, {"format": FORMAT_VERSION, **tied}, arrays))


def read(path: Path, case: Case) -> Given:
    """Read gradients of a case. Raises BadInput for a file that is missing, damaged, or not of this case."""
    try:
        return received(path, case)
    except CandidateFailed as error:
        raise BadInput(f"gradients {path}: {error}") from None


def received(path: Path, case: Case) -> Given:
    """What `read` gives, but what is wrong with the file is the candidate's failure."""
    arrays = _arrays(path, case)
    loss = arrays.pop(_LOSS, None)
    trace = {name: arrays.pop(name) for name in list(arrays) if name.startswith(_TRACE)}
    values = {name: case.arrays[name] for name in case.model.differentiated}
    params = [name for name in values if name.startswith(("W_", "b_"))]
    grads, notes = results.gradients(arrays, values, params)
    return Given(
        None if loss is None else results.loss(loss),
        grads,
        {name.removeprefix(_TRACE): value for name, value in trace.items() if value.dtype.kind == "f"},
        tuple(notes),
    )


def _arrays(path: Path, case: Case) -> dict[str, np.ndarray]:
    """The file's arrays, having checked what its metadata says, if there are any."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        content = path.read_bytes()
    except OSError as error:
        raise CandidateFailed(f"cannot be read: {error.strerror}") from None
    try:
        arrays = {name: np.array(array) for name, array in load(content).items()}
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata: Any = header.get("__metadata__", {})
        about = json.loads(metadata[KEY]) if KEY in metadata else {"format": FORMAT_VERSION}
        form, fingerprint = about["format"], about.get("fingerprint", case.fingerprint)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        words = " ".join(str(error).split())
        raise CandidateFailed(f"is damaged or no safetensors file with floats in it: {words}") from None
    if form != FORMAT_VERSION:
        raise CandidateFailed(f"got format {form!r}, allowed: {FORMAT_VERSION}")
    if fingerprint != case.fingerprint:
        raise CandidateFailed(f"computed from another case: got fingerprint {fingerprint}, this is {case.fingerprint}")
    return arrays
