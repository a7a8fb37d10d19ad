"""A JSON object and arrays as one safetensors buffer, the object in its metadata: for files and between processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def pack(key: str, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """The buffer, with ``about`` under ``key``."""
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    return save(contiguous, metadata={key: json.dumps(about)})


def unpack(key: str, data: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    """What `pack` was given; the arrays are read-only views of ``data``.

    Raises SafetensorError, or one of Python's own errors, for a buffer that `pack` did not make with this key.
    """
    from safetensors.numpy import load

    arrays = load(data)  # checks the buffer; it has the metadata in its header, whose length comes first, and keeps it
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"][key]), arrays
