"""A case as a file: one safetensors file, with the model as JSON in its metadata. Nothing in it is ever executed."""

from __future__ import annotations

from pathlib import Path

from harness.case import Case
from harness.errors import BadInput
from harness.files import replace_whole
from harness.packing import pack, unpack
from references.model import Model

#: 1: arrays by their canonical names; metadata "handgrad-case" holds {"format", "model", "source", "fingerprint"}
FORMAT_VERSION = 1
_KEY = "handgrad-case"


def save(case: Case, path: Path) -> None:
    """Write ``case``; an existing file is replaced only as a whole. Raises BadInput where it cannot be written."""
    about = {"format": FORMAT_VERSION, "model": case.model.to_dict(), "source": case.source}
    about["fingerprint"] = case.fingerprint  # which gradients of it can repeat, so that they are of no other case
    replace_whole(path, pack(_KEY, about, case.arrays))


def load(path: Path) -> Case:
    """Read a case. Raises BadInput for a file that is missing, damaged, foreign, or of another format version."""
    from safetensors import SafetensorError

    try:
        about, arrays = unpack(_KEY, path.read_bytes())
        if not isinstance(about, dict):
            raise TypeError
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
