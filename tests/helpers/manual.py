"""The manual, built as the project builds it, and what a built page loads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
#: the attribute by which an element loads something as soon as the page is shown
_LOADS = {
    "script": ("src",), "img": ("src", "srcset"), "iframe": ("src",), "source": ("src", "srcset"), "video": ("src",),
    "audio": ("src",), "embed": ("src",), "object": ("data",), "input": ("src",), "link": ("href",), "use": ("href",),
}  # fmt: skip
#: links of a head that name something without loading it
_NAMES_ONLY = {"canonical", "next", "prev", "alternate", "author", "license"}


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Run MkDocs as ``make site`` does, into ``site``. Never with --quiet: warnings that are not told do not count."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(site)]
    surroundings = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=300)


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") in _NAMES_ONLY:
            return
        for name in _LOADS.get(tag, ()):
            if value := given.get(name):
                self.found.extend(part.split()[0] for part in value.split(",") if part.strip())


def loads(html: str) -> list[str]:
    """What a page loads by itself, as it is written there."""
    reader = _Loads()
    reader.feed(html)
    return reader.found


def elsewhere(addresses: list[str]) -> Iterator[str]:
    """Those that lead to a host."""
    for address in addresses:
        if address.startswith("//") or "://" in address:
            yield address
