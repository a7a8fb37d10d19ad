"""Which quantity of a tape is the activation of which, as the cell's Tape says beside its fields."""

from __future__ import annotations

import re
from functools import cache

from harness.bank.reading import tape_comments
from harness.bank.site import Site

_ACTIVATED = re.compile(r"φ\((\w+)\)")


@cache
def _activated(function: str) -> dict[str, str]:
    found = {name: _ACTIVATED.search(comment) for name, comment in tape_comments(function).items()}
    return {name: match[1] for name, match in found.items() if match}


def before_activation(site: Site, text: str) -> str:
    """What ``p[t]`` is before its activation: ``c[t + 1]`` where p is φ(c); empty where the tape does not have it."""
    if not site.cell or not text.endswith("[t]"):
        return ""
    state = _activated(site.function).get(text.removesuffix("[t]"), "")
    return f"{state}[t + 1]" if state else ""
