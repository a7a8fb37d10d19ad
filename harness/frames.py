"""Frames between processes: eight bytes of length, then one safetensors buffer with JSON in its metadata. No pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

#: what a frame carries: a JSON object, and arrays by name
Frame = tuple[dict[str, Any], dict[str, np.ndarray]]


def write(stream: IO[bytes], about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Send a frame."""
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()},
                metadata={"about": json.dumps(about)})  # fmt: skip
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def read(stream: IO[bytes]) -> Frame | None:
    """Receive a frame; None where the stream has ended."""
    from safetensors.numpy import load

    length = int.from_bytes(stream.read(8), "little")
    data = stream.read(length) if length else b""
    if not length or len(data) < length:
        return None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["about"]), load(data)
