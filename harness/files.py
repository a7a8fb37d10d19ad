"""Writing results: an existing file is replaced only as a whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.errors import BadInput


def check_writable(path: Path) -> None:
    """Raise BadInput now rather than after the work, where ``path`` cannot be written."""
    if path.is_dir():
        raise BadInput(f"{path}: is a folder, needs a file to write to")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: cannot be written: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise BadInput(f"{path}: cannot be written: permission denied")


def replace_whole(path: Path, content: str | bytes) -> None:
    """Write ``content`` beside ``path``, then rename it: readers see the old file or the new one, never a part."""
    check_writable(path)
    data = content.encode() if isinstance(content, str) else content
    target = path.resolve()  # through a link, so that the link stays one
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from None


def write_each(write: Callable[[Path], None], paths: Iterable[Path]) -> list[BadInput]:
    """Write what can be written, and say of the rest why not: one full disk must not lose the other files."""
    problems = []
    for path in paths:
        try:
            write(path)
        except BadInput as problem:
            problems.append(problem)
    return problems


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
