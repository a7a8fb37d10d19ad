"""A comparison as one picture for papers and READMEs: maps of the worst judgement, and its adjoints step by step.

Drawn with Altair and rendered without a network. What stands in it is text only: no link, no script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.run import Judgement, Run

from . import drawn_maps, steps, vega, words
from .panels import cut, folded

if TYPE_CHECKING:
    import altair

    from .panels import Panel

TITLE_LINE, TITLE, LINE = 84, 300, 118  # characters: of a line of the title, of all of it, of a line below


def svg(run: Run) -> str:
    """The picture as SVG."""
    return vega.svg(chart(run).to_dict())


def png(run: Run) -> bytes:
    """The picture as PNG."""
    return vega.png(chart(run).to_dict())


def chart(run: Run) -> altair.VConcatChart:
    """The picture as Altair's own."""
    import altair

    run = words.told(run)
    shown = words.worst_judgements(run)
    panels: list[Panel | altair.HConcatChart] = [drawn_maps.chart(shown[0] if shown else None)]
    panels += [beside] if run.adjoints is not None and (beside := steps.chart(run.adjoints)) is not None else []
    headline = words.headline(shown[0]) if shown else words.of_several(run, 0)
    title = altair.TitleParams(
        folded(cut(headline, TITLE), TITLE_LINE), subtitle=[line for one in shown for line in _below(run, one)]
    )
    return vega.configured(altair.vconcat(*panels, title=title, spacing=26))


def _below(run: Run, judgement: Judgement) -> list[str]:
    """Whose gradients, on what, how many agree; and of several judgements that this is the worst."""
    others = len(run.judgements)
    lines = [
        judgement.case.title,
        f"{judgement.candidate} · {judgement.case.source} · {words.agreement(words.alone(run, judgement))}",
    ]
    lines += [f"the worst of {others} cases: {words.marked(run.verdict)}"] if others > 1 else []
    return [line for one in lines for line in folded(cut(one, TITLE), LINE)]
