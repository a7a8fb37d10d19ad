"""A JSON object and arrays as one safetensors buffer, the object in its metadata: for files and between processes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def pack(key: str, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """The buffer, with ``about`` under ``key``."""
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in _split(arrays)}
    return save(contiguous, metadata={key: json.dumps(about)})


def unpack(key: str, data: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    """What `pack` was given; the arrays are read-only views of ``data``.

    Raises SafetensorError, or one of Python's own errors, for a buffer that `pack` did not make with this key.
    """
    from safetensors.numpy import load

    arrays = load(data)  # checks the buffer; it has the metadata in its header, whose length comes first, and keeps it
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"][key]), _joined(arrays)


#: What follows the name of the lower half of a longdouble, which the format does not know.
_LOW = " low"


def _split(arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays, those of longdoubles as the sum of two of floats."""
    for name, array in arrays.items():
        if array.dtype != np.longdouble:
            yield name, array
            continue
        high = array.astype(float)
        with np.errstate(invalid="ignore"):  # ∞ − ∞
            low = np.where(np.isfinite(high), array - high, 0).astype(float)
        yield from ((name, high), (name + _LOW, low))


def _joined(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name: array.astype(np.longdouble) + arrays[name + _LOW] if name + _LOW in arrays else array
        for name, array in arrays.items()
        if not name.endswith(_LOW)
    }
