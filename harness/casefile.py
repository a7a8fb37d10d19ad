"""A case as a file: one safetensors file, with the model as JSON in its metadata. Nothing in it is ever executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.case import Case
from harness.errors import BadInput
from harness.files import replace_whole
from references.model import Model

#: 1: arrays by their canonical names; metadata "handgrad-case" holds {"format", "model", "source"}
FORMAT_VERSION = 1
_KEY = "handgrad-case"


def save(case: Case, path: Path) -> None:
    """Write ``case``; an existing file is replaced only as a whole. Raises BadInput where it cannot be written."""
    from safetensors.numpy import save as to_bytes

    about = {"format": FORMAT_VERSION, "model": case.model.to_dict(), "source": case.source}
    replace_whole(path, to_bytes(dict(case.arrays), metadata={_KEY: json.dumps(about)}))


def load(path: Path) -> Case:
    """Read a case. Raises BadInput for a file that is missing, damaged, foreign, or of another format version."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        data = path.read_bytes()
        arrays = from_bytes(data)
        about = _metadata(data)
    except OSError as error:
        raise BadInput(f"case {path}: cannot be read: {error.strerror}") from None
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise BadInput(
            f"case {path}: is damaged or no case file: needs a safetensors file written by --save-case"
        ) from None
    if about.get("format") != FORMAT_VERSION:
        raise BadInput(
            f"case {path}: got format {about.get('format')!r}, allowed: {FORMAT_VERSION}; save the case again"
        )
    try:
        # NumPy hands out read-only views of the file's bytes: a case owns its arrays.
        owned = {name: array.copy() for name, array in arrays.items()}
        return Case(Model(**about["model"]), owned, f"file {path.name} ({about['source']})")
    except (KeyError, TypeError):
        raise BadInput(f"case {path}: its metadata does not describe a model; save the case again") from None
    except ValueError as error:
        raise BadInput(f"case {path}: {error}") from None


def _metadata(data: bytes) -> dict[str, Any]:
    """The description in the header, whose length the first eight bytes give."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    about = json.loads(header["__metadata__"][_KEY])
    if not isinstance(about, dict):
        raise TypeError
    return about
