"""A sheet: areas, lines and texts in pixels of our own reckoning, as one of Altair's charts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .panels import clean
from .vega import INK

if TYPE_CHECKING:
    from .panels import Panel

FONT = 12  # pixels
#: How far to the left of the panels below a sheet begins, whose axes have labels there.
LEFT = 44


class Style(NamedTuple):
    """How a text is set."""

    align: Literal["left", "center", "right"] = "left"
    bold: bool = False
    size: int = FONT
    colour: str = INK


@dataclass
class Sheet:
    """What is drawn, in pixels from the upper left; texts and lines by their style."""

    areas: list[dict[str, Any]] = field(default_factory=list)
    lines: dict[tuple[str, float], list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    texts: dict[Style, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def area(self, x: float, y: float, x2: float, y2: float, colour: str) -> None:
        """A filled rectangle."""
        self.areas.append({**_ends(x, y, x2, y2), "fill": colour})

    def line(self, x: float, y: float, x2: float, y2: float, colour: str, width: float) -> None:
        """A straight line."""
        self.lines[colour, width].append(_ends(x, y, x2, y2))

    def frame(self, x: float, y: float, x2: float, y2: float, colour: str, width: float) -> None:
        """The outline of a rectangle."""
        for one in ((x, y, x2, y), (x, y2, x2, y2), (x, y, x, y2), (x2, y, x2, y2)):
            self.line(*one, colour, width)

    def text(self, x: float, y: float, told: str, style: Style) -> None:
        """A line of text, its baseline at y."""
        self.texts[style].append({"x": _px(x - LEFT), "y": _px(y), "text": clean(told)})

    def chart(self, width: float, height: float) -> Panel:
        """The sheet as a chart whose scales are its pixels."""
        import altair

        def at(name: str, size: float) -> Any:
            scale = altair.Scale(domain=[0, size], range=[0, size], nice=False, zero=False)
            return (altair.X if name == "x" else altair.Y)(f"{name}:Q", scale=scale, axis=None)

        x, y = at("x", width - LEFT), at("y", height)

        def based(rows: Sequence[Any]) -> Any:
            return altair.Chart(altair.InlineData(values=list(rows)))

        def drawn() -> Iterator[Any]:
            if self.areas:
                filled = based(self.areas).mark_rect(aria=False)
                yield filled.encode(x=x, y=y, x2="x2:Q", y2="y2:Q", fill=altair.Fill("fill:N", scale=None))
            # Ink comes last: an outline lies over the white lines between cells.
            for (colour, thickness), lines in sorted(self.lines.items(), key=lambda told: told[0][0] == INK):
                ruled = based(lines).mark_rule(aria=False, color=colour, strokeWidth=thickness, strokeCap="square")
                yield ruled.encode(x=x, y=y, x2="x2:Q", y2="y2:Q")
            for style, texts in self.texts.items():
                yield based(texts).mark_text(
                    align=style.align, baseline="alphabetic", fontSize=style.size, color=style.colour,
                    fontWeight="bold" if style.bold else "normal",
                ).encode(x=x, y=y, text="text:N")  # fmt: skip

        return altair.layer(*drawn()).properties(width=width - LEFT, height=height)


def _ends(x: float, y: float, x2: float, y2: float) -> dict[str, float]:
    return {"x": _px(x - LEFT), "y": _px(y), "x2": _px(x2 - LEFT), "y2": _px(y2)}


def _px(value: float) -> float:
    """Hundredths of a pixel, so that a picture has no digits that nobody sees."""
    return round(float(value), 2)
