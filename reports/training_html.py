"""A training as one page that needs no network: the verdict first, then every trainee with its curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.run import Verdict
from harness.trained import Trained, Trainee

from . import explosion, training
from .html.brief import Brief, brief, data, wrapped
from .html.frame import framed
from .html.page import page
from .html.plots import Plot, plot
from .html.tables import Table, of_texts
from .side_by_side import beside

SENTENCES = frozenset({"tried"})  #: columns whose texts may take several lines


@dataclass(frozen=True)
class Told:
    """One trainee as the page shows it."""

    title: str
    verdict: Verdict | None  #: none where nothing was compared
    reason: str
    plots: tuple[Plot, ...]
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    story: tuple[tuple[str, str], ...]  #: of an explosion
    remedies: Table | None
    apart: Brief | None  #: the first update that does not agree, in full
    first: int | None
    samples: tuple[str, ...]


def render(trained: Trained) -> str:
    """The whole page."""
    several = len(trained.trainees) > 1
    table = beside(trained)
    trainees = [_told(trained, number) for number in range(len(trained.trainees))]
    return page(
        "training.html.j2",
        styles=("plot.css", "maps.css"),
        scripts=("maps.js",),
        data=data(one.apart for one in trainees if one.apart is not None),
        trained=trained,
        headline=training.headline(trained),
        compared=any(map(_compared, trained.trainees)),
        interruption=training.interruption(trained),
        subject=training.subject(trained),
        together=list(_together(trained)) if several else [],
        beside=_table(table) if table is not None else None,
        trainees=trainees,
        closing=list(training.closing(trained)),
    )


def notebook(trained: Trained) -> str:
    """The page in a frame of its own."""
    return framed(render(trained), "training")


def _told(trained: Trained, number: int) -> Told:
    trainee = trained.trainees[number]
    judgement = training.first_apart(trainee)
    figures = training.figures(trainee)
    exploded = trainee.explosion
    tried = training.remedies(exploded) if exploded is not None else None
    return Told(
        title=trainee.title,
        verdict=trainee.verdict if _compared(trainee) else None,
        reason=training.reason(trainee) or "nothing was compared",
        plots=tuple(_plots(trainee)),
        facts=tuple(training.facts(trainee)),
        tables=(_table(figures),) if figures is not None else (),
        story=tuple(explosion.story(exploded)) if exploded is not None else (),
        remedies=_table(tried) if tried is not None else None,
        apart=brief(training.run_of(trained, judgement), f"map-{number}") if judgement is not None else None,
        first=trainee.lockstep.first if trainee.lockstep is not None else None,
        samples=trainee.samples,
    )


def _compared(trainee: Trainee) -> bool:
    """Whether there is a verdict to show: a ✓ would claim a comparison where there was none."""
    return trainee.lockstep is not None or trainee.verdict != "agree"


def _together(trained: Trained) -> Iterator[Plot]:
    """The curve that each begins with, those of one name in one plot."""
    firsts = [(one, one.series[0]) for one in trained.trainees if one.series]
    for name in dict.fromkeys(curve.name for _, curve in firsts):
        curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for trainee, curve in firsts:
            if curve.name == name:
                title = trainee.title if trainee.title not in curves else f"{trainee.title} ({len(curves) + 1})"
                curves[title] = (curve.updates, curve.values)
        if len(curves) > 1 and (drawn := plot(name, curves, label=f"{name} by update, {len(curves)} trainings")):
            yield drawn


def _plots(trainee: Trainee) -> Iterator[Plot]:
    """Its curves, and how far two trajectories are apart."""
    rules = [float(trainee.explosion.update or 0)] if trainee.explosion is not None else []
    for curve in trainee.series:
        placed = [(one, training.placed(one, trainee)) for one in trainee.figures]
        dots = [(place[1], one.published, one.close) for one, place in placed if place and place[0] == curve.name]
        curves = {curve.name: (curve.updates, curve.values)}
        if drawn := plot(curve.name, curves, label=training.course(curve), rules=rules, dots=dots):
            yield drawn
    if (apart := trainee.drift) is not None:
        above = apart.distance > 0  # at once, to the last bit: nothing that a log scale has
        title = f"drift from {apart.reference}: distance of the weights, never judged"
        if drawn := plot(title, {"drift": (apart.updates[above], apart.distance[above])}, label=training.drift(apart)):
            yield drawn


def _table(told: training.Table) -> Table:
    made = of_texts(told.title, told.headings, told.rows, tuple(training.NUMERIC))
    return wrapped(made, SENTENCES)
