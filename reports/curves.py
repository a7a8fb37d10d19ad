"""A training as a picture: the curves of what was published, the drift below them, where it explodes.

Drawn with Altair and rendered without a network. What stands in it is text only: no link, no script.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.trained import Trained, Trainee

from . import panels, training, vega
from .panels import NAME, clean, cut, folded
from .thinning import POINTS

if TYPE_CHECKING:
    import altair

TITLE_LINE = 76  # characters of a line in the size of the title


def svg(trained: Trained) -> str:
    """The picture as SVG."""
    return vega.svg(chart(trained).to_dict())


def png(trained: Trained) -> bytes:
    """The picture as PNG."""
    return vega.png(chart(trained).to_dict())


def chart(trained: Trained) -> altair.VConcatChart:
    """The picture as Altair's own."""
    import altair

    shown = dict(zip(_names(trained.trainees), trained.trainees, strict=True))
    last = max([0, *(_last(one) for one in trained.trainees)])
    drawn = [panel for panel in (panels.losses(shown, last), panels.drifts(shown, last)) if panel is not None]
    headline = folded(f"{trained.task}: {training.headline(trained)}", TITLE_LINE)
    title = altair.TitleParams(headline, subtitle=_subtitle(trained))
    return vega.configured(altair.vconcat(*drawn, title=title, spacing=22))


def _names(trainees: Sequence[Trainee]) -> list[str]:
    """Their titles, told apart where two are the same."""
    names: list[str] = []
    for trainee in trainees:
        name = base = cut(clean(trainee.title), NAME) or "training"
        number = 2
        while name in names:
            name, number = f"{base} ({number})", number + 1
        names.append(name)
    return names


def _last(trainee: Trainee) -> int:
    """The last update that there is something to be shown of."""
    drawn = [one.updates for one in trainee.series[:1]]
    drawn += [trainee.drift.updates] if trainee.drift is not None else []
    curves = [int(updates[-1]) for updates in drawn if len(updates)]
    exploded = [trainee.explosion.update or 0] if trainee.explosion is not None else []
    return max([0, *curves, *exploded])


def _subtitle(trained: Trained) -> list[str]:
    """On what, how far, and what is to be seen."""
    lines = folded(trained.data) if trained.data else []
    lines += folded(interruption) if (interruption := training.interruption(trained)) else []
    longest = max((len(one.series[0].updates) for one in trained.trainees if one.series), default=0)
    if longest > POINTS:
        every = 3 * longest // POINTS
        lines.append(f"line: the median of every {every} updates; band: their smallest to their largest")
    figures = [one for trainee in trained.trainees for one in trainee.figures if training.placed(one, trainee)]
    if figures:
        met = sum(one.close for one in figures)
        others = ", the others in red" if met < len(figures) else ""
        lines.append(f"○ published figures: {met} of {len(figures)} met{others}")
    return lines
