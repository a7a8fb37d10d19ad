"""The run as a picture for papers and READMEs: SVG."""

from __future__ import annotations

from harness.run import Run

from . import vega

SUFFIXES = (".svg",)

missing = vega.missing


def render(run: Run) -> str:
    """The picture, text as text."""
    from . import picture

    return f"{picture.svg(run)}\n"
