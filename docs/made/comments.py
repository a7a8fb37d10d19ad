"""Fields that are documented by a comment, ``name: type  #: what it is``, for the reference of the API."""

from __future__ import annotations

import re
from typing import Any

from griffe import Docstring, Extension

_BESIDE = re.compile(r"#:\s*(.+)$")


class Comments(Extension):
    """Griffe reads docstrings; this reads ``#:`` beside an attribute, or above it, where it has none."""

    def on_attribute_instance(self, *, attr: Any, **_: Any) -> None:
        """An attribute was found in a source."""
        if attr.docstring is not None or attr.lineno is None or not (text := _comment(attr)):
            return
        attr.docstring = Docstring(text, lineno=attr.lineno, parent=attr)


def _comment(attr: Any) -> str:
    """What the comment on the attribute's lines, or the lines right above, says of it."""
    lines = attr.lines_collection[attr.filepath]
    for line in lines[attr.lineno - 1 : attr.endlineno]:
        if beside := _BESIDE.search(line):
            return _sentence(beside[1])
    above: list[str] = []
    for line in reversed(lines[: attr.lineno - 1]):
        if not line.strip().startswith("#:"):
            break
        above.insert(0, line.strip().removeprefix("#:").strip())
    return _sentence(" ".join(above))


def _sentence(text: str) -> str:
    return text and text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")
