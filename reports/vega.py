"""Pictures from Altair's charts, rendered without a network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .repacked import repacked

if TYPE_CHECKING:
    import altair

#: What it needs: a module, and the distribution that has it.
NEEDS: Mapping[str, str] = {"altair": "altair", "vl_convert": "vl-convert-python"}
SCALE = 2  # pixels of a PNG for each of the picture
FAINT, FAINTER, INK = "#8a8a8a", "#e6e6e6", "#222222"
FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"


def missing() -> str:
    """Which of what it needs is not installed, and how to get it; empty where it can draw."""
    absent = [name for module, name in NEEDS.items() if find_spec(module) is None]
    return f"curves: {' and '.join(absent)} not installed: pip install 'handgrad[curves]'" if absent else ""


def svg(spec: Mapping[str, Any]) -> str:
    """A chart's specification as SVG."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(dict(spec), vl_version=_version(), allowed_base_urls=[]))


def png(spec: Mapping[str, Any]) -> bytes:
    """A chart's specification as PNG."""
    import vl_convert

    return repacked(vl_convert.vegalite_to_png(dict(spec), vl_version=_version(), scale=SCALE, allowed_base_urls=[]))


def configured(chart: altair.VConcatChart) -> altair.VConcatChart:
    """The chart as all of ours look: dark text on white, faint axes, no frames."""
    made: altair.VConcatChart = (
        chart.properties(background="white", padding=14)
        .configure(font=FONT)
        .configure_title(anchor="start", fontSize=16, subtitleFontSize=12, color=INK, subtitleColor=INK, offset=14)
        .configure_axis(
            labelFontSize=12, titleFontSize=12, titleFontWeight="normal", labelColor=INK, titleColor=INK,
            gridColor=FAINTER, domainColor=FAINT, tickColor=FAINT,
        )
        .configure_legend(
            orient="top", direction="vertical", title=None, labelFontSize=12, labelLimit=0,
            symbolType="stroke", symbolStrokeWidth=3, symbolSize=300, labelColor=INK, offset=6,
        )
        .configure_view(stroke=None)
    )  # fmt: skip
    return made


def _version() -> str:
    """The version of Vega-Lite that Altair writes: "6.4" of "v6.4.1"."""
    import altair

    return ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2])
