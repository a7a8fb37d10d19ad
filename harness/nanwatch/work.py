"""The watch, as the candidate's worker does it: one call, and where what is not finite in its answer comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.nanwatch import words
from harness.nanwatch.cures import Made, explained
from harness.nanwatch.recorder import ELEMENTWISE, Operand, Origin, Recorder

#: more of what went in is not told
_NAMED = 4


def told(recorder: Recorder, results: Mapping[str, Any], folder: str) -> dict[str, Any] | None:
    """What JSON holds of the first expression that is not finite; None where the results are, or nothing was seen."""
    found = recorder.first_of(results)
    if found is None:
        return None
    site = recorder.sites[found.site]
    index = words.first(found.bad) if found.bad.any() else words.first(~np.isfinite(found.value))
    value = float(found.value[index])
    entries = [
        (recorder.sites[one.site].text, *_entry(one, index, found, site.operation))
        for one in found.operands
        if one.floats
    ]
    inputs = {name: text for name, text, _ in entries}
    operands = [(name, number) for name, _, number in entries]
    lines = recorder.sources.get(site.file, [])
    source = lines[site.line - 1].strip() if 0 < site.line <= len(lines) else ""
    dtype = found.value.dtype
    made = Made(site.operation, site.text, source, site.around, site.target, value, operands, dtype)
    given = f"{site.text} is {words.number(value)} as it is written or comes in", ""
    why, cure = given if found.deliberate else explained(made)
    return {
        "quantity": site.target or site.text,
        "step": found.step,
        "visit": found.visit,
        "index": list(index),
        "value": repr(value),
        "equation": f"{site.target} = {site.text}" if site.target not in ("", site.text) else site.text,
        "inputs": [*list(inputs.items())[:_NAMED], *found.within],
        "why": why,
        "cure": cure,
        "file": os.path.relpath(site.file, folder),
        "line": site.line,
        "source": source,
    }


def _entry(one: Operand, index: tuple[int, ...], found: Origin, operation: str) -> tuple[str, float]:
    """The entry of an operand that counts, as text and as a number: at the same place, or its largest."""
    array = np.asarray(one.value)
    if operation in ELEMENTWISE:
        try:
            places = np.arange(array.size).reshape(array.shape)
            flat = int(np.broadcast_to(places, found.value.shape)[index])
        except ValueError:
            flat = -1
        if flat >= 0:
            at = tuple(int(k) for k in np.unravel_index(flat, array.shape))
            return words.entry(array, at), float(array[at])
    sizes = np.where(np.isfinite(array), np.abs(array), np.inf)
    return words.largest(array), float(array.reshape(-1)[int(np.argmax(sizes))])
