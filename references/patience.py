"""How long is too long: slow references do not begin what would never end."""

from __future__ import annotations

from references.protocol import Unavailable

#: Seconds that all elements together may take.
LIMIT = 120.0


def refuse_beyond_limit(seconds: float, elements: int, about: str = "about") -> None:
    """Raise `Unavailable` where ``seconds``, which all elements together would take, are too many."""
    if seconds > LIMIT:
        raise Unavailable(
            f"it would take {about} {duration(seconds)} for {elements:,} elements, and begins nothing beyond "
            f"{duration(LIMIT)}: choose a smaller shape, or leave it out"
        )


def duration(seconds: float) -> str:
    """In words: ``12 s``, ``3 min``, ``278 h``."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
