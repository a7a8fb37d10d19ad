"""Versions: of handgrad, and of what a run stood on. Read from installed metadata; nothing is imported."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib import metadata

VERSION = "0.1.0"


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Python's version and those of the given distributions, as far as they are installed."""
    found = {"python": platform.python_version()}
    for name in distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
