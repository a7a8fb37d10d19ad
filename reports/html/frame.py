"""A page in a frame of its own, for notebooks: neither its styles nor its scripts touch what is around it."""

from __future__ import annotations

from html import escape

HEIGHT = 640  #: pixels: a verdict, and what it is made of


def framed(page: str, title: str) -> str:
    """The page in a frame that may run its own scripts, and reach nothing outside."""
    return (
        f'<iframe srcdoc="{escape(page)}" sandbox="allow-scripts" title="{escape(title)}" width="100%" '
        f'height="{HEIGHT}" style="border:1px solid #8886;border-radius:6px"></iframe>'
    )
