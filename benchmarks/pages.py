"""Generated tables in pages written by hand: what stands between two marks is replaced."""

from __future__ import annotations

import re
from pathlib import Path

VERDICTS = Path(__file__).resolve().parent.parent / "docs" / "verdicts.md"


def insert(path: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- begin name -->`` and ``<!-- end name -->``; ValueError without such marks."""
    page = path.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"{path}: got no marks for {name}, needs <!-- begin {name} --> and <!-- end {name} -->")
    # A function, as a text may hold what looks like a group's number.
    path.write_text(pattern.sub(lambda match: f"{match[1]}{text.rstrip()}\n{match[2]}", page), encoding="utf-8")
