"""The run as a picture for papers and READMEs: PNG, two pixels for each of the SVG."""

from __future__ import annotations

from harness.run import Run

from . import vega

SUFFIXES = (".png",)

missing = vega.missing


def render(run: Run) -> bytes:
    """The picture, pixel by pixel."""
    from . import picture

    return picture.png(run)
