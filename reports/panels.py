"""The panels of a training's picture: curves of what was published, drift, and where it explodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.trained import Drift, Series, Trainee

from . import training, words
from .decades import ticks
from .explosion import happening
from .sparkline import logarithmic
from .thinning import thin
from .vega import INK

if TYPE_CHECKING:
    import altair

    Panel = altair.LayerChart | altair.FacetChart

WIDTH, HEIGHT, BELOW = 760, 320, 150
#: Okabe and Ito's colours, which are told apart by everybody, the brightest left out as they fade on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
ALARM = "#B00020"
TICKS, FEWER_TICKS = 8, 5
LINE = 108  # characters of a line in the usual size
#: Characters of a trainee's title in the legend and where it explodes, and of the words there. Cut here, as what cuts
#: text by its width can cut a character in two, and then draws nothing at all.
NAME, SHORT_NAME, WORDS = 90, 32, 70
#: How a log axis writes a number: 0.01, 50, 1e-6.
POWERS = "datum.value < 0.001 || datum.value >= 1e5 ? format(datum.value, '~e') : format(datum.value, '~g')"
#: Characters that neither are controls nor may stand in XML.
FORBIDDEN = re.compile("[\ufffe\uffff]")

Shown = Mapping[str, Trainee]  #: by the names that the legend has
Curves = Mapping[str, tuple[np.ndarray, np.ndarray]]  #: updates and values by the same names


def clean(told: str) -> str:
    """Text that XML takes."""
    return FORBIDDEN.sub("", words.clean(told))


def cut(told: str, most: int) -> str:
    """Text of at most so many characters."""
    return told if len(told) <= most else f"{told[: most - 1]}…"


def folded(told: str, most: int = LINE) -> list[str]:
    """Text in lines."""
    return wrap(clean(told), most) or [""]


def losses(shown: Shown, last: int) -> Panel:
    """The curve that was published, its published figures, and where it explodes."""
    import altair

    curves = {name: one.series[0] for name, one in shown.items() if one.series}
    log = logarithmic(np.concatenate([np.array([]), *(curve.values for curve in curves.values())]))
    label = clean(" / ".join(dict.fromkeys(curve.name for curve in curves.values())))
    given = {name: (curve.updates, curve.values) for name, curve in curves.items()}
    layers = _drawn(given, log, label, last, TICKS, legend=len(shown) > 1)
    if points := list(_published(shown, curves, log)):
        layers.append(
            altair.Chart(_data(points))
            .mark_point(size=70, filled=False, strokeWidth=2, opacity=1)
            .encode(x="update:Q", y="value:Q", stroke=altair.Stroke("colour:N", scale=None))
        )
    layers += _explosions(shown, last)
    return altair.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def drifts(shown: Shown, last: int) -> Panel | None:
    """How far two trajectories are apart; None where there is nothing that a log scale has."""
    import altair

    drawn = {name: one.drift for name, one in shown.items() if one.drift is not None and _seen(one.drift)}
    if not drawn:
        return None
    curves = {name: (drift.updates, drift.distance) for name, drift in drawn.items()}
    layers = _drawn(curves, True, "distance of the weights", last, FEWER_TICKS, legend=False, among=list(shown))
    told = [f"{f'{name}: ' * (len(shown) > 1)}{_beside(shown[name], drift)}" for name, drift in drawn.items()]
    title = altair.TitleParams(
        [line for one in told for line in folded(one)], fontSize=12, fontWeight="normal", offset=8, frame="group"
    )
    return altair.layer(*layers).properties(width=WIDTH, height=BELOW, title=title)


def _seen(drift: Drift) -> bool:
    return bool(np.any(np.isfinite(drift.distance) & (drift.distance > 0)))


def _beside(trainee: Trainee, drift: Drift) -> str:
    """What the lockstep says, and that the drift is no verdict."""
    grows = training.growth(drift)
    apart = f"drift from {drift.reference}, never judged{f': {grows}' if grows else ''}"
    lockstep = trainee.lockstep
    if lockstep is None or not lockstep.updates:
        return apart
    return f"lockstep {words.marked(lockstep.verdict)}: {lockstep.agreeing} of {lockstep.updates} · {apart}"


def _drawn(
    curves: Curves, log: bool, label: str, last: int, most: int, legend: bool, among: Sequence[str] = ()
) -> list[altair.Chart]:
    """A line for each; one of too many points as its medians, in a band from its minima to its maxima.

    ``most`` is how many ticks there may be, ``among`` all names that have a colour, where others have one too.
    """
    import altair

    thinned = {name: thin(updates, values, log) for name, (updates, values) in curves.items()}
    rows = [
        {"trainee": name, "update": int(u), "value": float(v), "low": float(low), "high": float(high)}
        for name, one in thinned.items()
        for u, v, low, high in zip(one.updates, one.values, one.low, one.high, strict=True)
    ]
    x = altair.X(
        "update:Q", title="update", scale=altair.Scale(domain=[0, max(last, 1)], nice=False),
        axis=altair.Axis(format=",d", tickCount=min(TICKS, max(last, 1)), grid=False, labelFlush=False),
    )  # fmt: skip
    axis, scale = altair.Axis(tickCount=most), altair.Scale(zero=False)
    finite = np.concatenate([np.array([]), *(side for one in thinned.values() for side in (one.low, one.high))])
    if log and finite.size:
        marks = ticks(finite, most)
        axis = altair.Axis(values=marks, labelExpr=POWERS)
        scale = altair.Scale(type="log", domain=[marks[0], marks[-1]], nice=False)
    y, low_y = (altair.Y(field, title=label, axis=axis, scale=scale) for field in ("value:Q", "low:Q"))
    names = list(among or curves)
    colours = altair.Scale(domain=names, range=[COLOURS[k % len(COLOURS)] for k in range(len(names))])
    colour = altair.Color("trainee:N", scale=colours, legend=altair.Legend(symbolOpacity=1) if legend else None)
    base = altair.Chart(_data(rows))
    line = base.mark_line(strokeWidth=2, strokeJoin="round", clip=True).encode(x=x, y=y, color=colour)
    if not any(one.thinned for one in thinned.values()):
        return [line]
    return [base.mark_area(opacity=0.22, clip=True).encode(x=x, y=low_y, y2="high:Q", color=colour), line]


def _published(shown: Shown, curves: Mapping[str, Series], log: bool) -> Iterator[dict[str, Any]]:
    """Published figures that belong to a curve that is drawn, those that are not met in red."""
    for name, trainee in shown.items():
        for figure in trainee.figures:
            place = training.placed(figure, trainee)
            drawable = np.isfinite(figure.published) and (figure.published > 0 or not log)
            if place is not None and drawable and name in curves and curves[name].name == place[0]:
                yield {"update": place[1], "value": figure.published, "colour": INK if figure.close else ALARM}


def _explosions(shown: Shown, last: int) -> Iterator[altair.Chart]:
    """A rule where it explodes, with words on the side that has room."""
    import altair

    exploded = [(name, one.explosion) for name, one in shown.items() if one.explosion is not None]
    for number, (name, told) in enumerate(exploded):
        at = told.update or 0
        side = -1 if at > last / 2 else 1
        whose = f"{cut(name, SHORT_NAME)}: " if len(shown) > 1 else ""
        row = {"update": at, "told": cut(clean(f"{whose}{happening(told)}"), WORDS)}
        base = altair.Chart(_data([row])).encode(x="update:Q")
        yield base.mark_rule(color=ALARM, strokeDash=[5, 4], strokeWidth=1.6)
        label = base.encode(y=altair.value(HEIGHT // 2 + 20 * number), text="told:N")
        for halo in (5, 0):  # white behind the words, so that they can be read across a curve
            yield label.mark_text(
                align="right" if side < 0 else "left", dx=7 * side, fontSize=13,
                color=ALARM, stroke="white" if halo else None, strokeWidth=halo,
            )  # fmt: skip


def _data(rows: Sequence[Mapping[str, Any]]) -> altair.InlineData:
    import altair

    return altair.InlineData(values=list(rows))
