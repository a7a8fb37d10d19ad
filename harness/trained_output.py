"""A training into a file, in the format that the file's suffix names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.errors import BadInput
from harness.files import check_writable, replace_whole
from harness.trained import Trained
from reports import curves, refusal, training_csv, training_html, training_json, training_markdown, vega

#: By suffix.
FORMATS: Mapping[str, Callable[[Trained], str | bytes]] = {
    ".csv": training_csv.render,
    ".html": training_html.render,
    ".json": training_json.render,
    ".md": training_markdown.render,
    ".png": curves.png,
    ".svg": curves.svg,
}
PICTURES = (".png", ".svg")


def check(path: Path) -> None:
    """Raise BadInput now rather than after the work, where no training could be written to ``path``."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise BadInput(refusal(str(path), f'suffix "{suffix}"', FORMATS))
    if suffix in PICTURES and (missing := vega.missing()):
        raise BadInput(missing)
    check_writable(path)


def write(trained: Trained, path: Path) -> None:
    """Write the training; an existing file is replaced only as a whole. Raises BadInput as `check` does."""
    check(path)
    try:
        content = FORMATS[path.suffix.lower()](trained)
    except ValueError as error:  # of a library for pictures, which must not lose the other files
        raise BadInput(f"{path}: cannot be drawn: {(str(error).splitlines() or [''])[0]}") from None
    if isinstance(content, str):  # a name that is not UTF-8 comes as lone surrogates, which no file takes
        content = content.encode("utf-8", "backslashreplace")
    replace_whole(path, content)
