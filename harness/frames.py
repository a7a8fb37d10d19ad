"""Frames between processes: eight bytes of length, then one safetensors buffer with JSON in its metadata. No pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from harness.packing import pack, unpack

_KEY = "about"

#: what a frame carries: a JSON object, and arrays by name
Frame = tuple[dict[str, Any], dict[str, np.ndarray]]


def write(stream: IO[bytes], about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Send a frame."""
    data = pack(_KEY, about, arrays)
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def read(stream: IO[bytes]) -> Frame | None:
    """Receive a frame; None where the stream has ended."""
    length = int.from_bytes(stream.read(8), "little")
    data = stream.read(length) if length else b""
    return unpack(_KEY, data) if length and len(data) == length else None


def heard(stream: IO[bytes]) -> Frame | None:
    """Receive a frame; None too where what came is none: the process that sent it is of no use any more."""
    try:
        return read(stream)
    except Exception:  # whatever a reader of foreign bytes raises
        return None
