"""A run into a file, in the format that the file's suffix names."""

from __future__ import annotations

from pathlib import Path

import reports
from harness.errors import BadInput
from harness.files import check_writable, replace_whole
from harness.run import Run


def check(path: Path) -> None:
    """Raise BadInput now rather than after the work, where no run could be written to ``path``."""
    try:
        suffix = reports.suffix_of(path)
    except ValueError as error:
        raise BadInput(str(error)) from None
    if missing := reports.missing(suffix):
        raise BadInput(missing)
    check_writable(path)


def write(run: Run, path: Path) -> None:
    """Write the run; an existing file is replaced only as a whole. Raises BadInput as `check` does."""
    check(path)
    try:
        content = reports.render(run, path.suffix)
    except ValueError as error:  # of a library for pictures, which must not lose the other files
        raise BadInput(f"{path}: cannot be drawn: {(str(error).splitlines() or [''])[0]}") from None
    replace_whole(path, content)
