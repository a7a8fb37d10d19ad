"""What the readable reports say of a training, and in which order: the terminal and Markdown only draw it.

Nothing here is safe to print as it is: names, source lines and samples are a candidate's. See `reports.words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from harness.run import Judgement, Run
from harness.trained import Drift, Explosion, Figure, Lockstep, Series, Trained, Trainee

from . import explosion, numbers
from .words import marked

Labelled = Iterator[tuple[str, str]]

#: Where nothing was compared a ✓ would claim that something was.
UNCOMPARED = "–"
#: Columns that hold numbers, in every table here.
NUMERIC = frozenset({"published", "here", "updates", "last loss"})


class Table(NamedTuple):
    """A title, the columns' headings, and the rows."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def headline(trained: Trained) -> str:
    """The verdict in one sentence."""
    if not trained.trainees:
        return f"{UNCOMPARED} nothing was trained"
    verdict = trained.verdict
    if verdict == "agree":
        return _agreement(trained.trainees)
    guilty = next(one for one in trained.trainees if one.verdict == verdict)
    whose = f"{guilty.title}: " if len(trained.trainees) > 1 else ""
    return f"{marked(verdict)}: {whose}{reason(guilty)}"


def _agreement(trainees: Sequence[Trainee]) -> str:
    judged = [one.lockstep for one in trainees if one.lockstep is not None and one.lockstep.updates]
    if not judged:
        return f"{UNCOMPARED} trained by the hand gradient alone: nothing was compared"
    counted = f"{sum(one.agreeing for one in judged)} of {sum(one.updates for one in judged)} updates agree"
    references = " and ".join(dict.fromkeys(one.reference for one in judged))
    return f"{marked('agree')}: {counted} with {references} at the same weights"


def reason(trainee: Trainee) -> str:
    """Why a trainee does not agree, in one sentence."""
    lockstep = trainee.lockstep
    if trainee.error:
        return trainee.error
    if lockstep is not None and lockstep.verdict == "error":
        return lockstep.reason
    if trainee.explosion is not None:
        return explosion.happening(trainee.explosion)
    if trainee.loop:
        return f"{trainee.loop[0].name}: {trainee.loop[0].text.partition(';')[0]}"
    return lockstep.reason if lockstep is not None else ""


def interruption(trained: Trained) -> str:
    """What was kept when somebody interrupted it, in one sentence; empty where nobody did."""
    if not trained.interrupted:
        return ""
    if not any(one.done for one in trained.trainees):
        return "interrupted before the first update: nothing was measured"
    short = [one for one in trained.trainees if one.done < one.asked]
    if not short:
        return "interrupted: what was measured is kept"
    whose = f"{short[-1].title}: " if len(trained.trainees) > 1 else ""
    return f"{whose}interrupted after update {short[-1].done} of {short[-1].asked}: what was measured is kept"


def subject(trained: Trained) -> str:
    """What was trained on what."""
    return f"{trained.task} · {trained.data}" if trained.data else trained.task


def facts(trainee: Trainee) -> Labelled:
    """One trainee below its title: a label and its text each."""
    yield "model", trainee.model
    yield "by", f"{trainee.hand}; {trainee.rule}"
    yield "updates", _updates(trainee)
    if trainee.series:
        yield "curve", course(trainee.series[0])
    yield from trainee.told
    if trainee.lockstep is not None:
        yield "lockstep", lockstep(trainee.lockstep)
    if trainee.drift is not None:
        yield "drift", drift(trainee.drift)
    yield from [("error", trainee.error)] if trainee.error else []
    yield from (("finding", f"{finding.name}: {finding.text}") for finding in trainee.loop)
    yield from (("warning", f"{finding.name}: {finding.text}") for finding in trainee.warnings)


def _updates(trainee: Trainee) -> str:
    counted = f"{trainee.done} of {trainee.asked}"
    if not trainee.done or trainee.seconds <= 0:
        return counted
    return f"{counted}, in {trainee.seconds:.1f} s"


def course(curve: Series) -> str:
    """A curve in a line: from where to where, and its smallest value where that is neither."""
    if not len(curve.values):
        return f"{curve.name}: no update was made"
    first, last = numbers.pair(float(curve.values[0]), float(curve.values[-1]))
    told = f"{curve.name} from {first} at update {curve.updates[0]}"
    if len(curve.values) == 1:
        return told
    told += f" to {last} at update {curve.updates[-1]}"
    finite = np.where(np.isfinite(curve.values), curve.values, np.inf)
    least = int(finite.argmin())
    if isfinite(finite[least]) and least not in (0, len(finite) - 1):
        told += f", smallest {numbers.amount(float(finite[least]))} at update {curve.updates[least]}"
    return told


def lockstep(told: Lockstep) -> str:
    """How many updates agree at the same weights, how they were judged, and the worst error."""
    if not told.updates:
        return told.reason or f"no update was compared with {told.reference}"
    counted = f"{told.agreeing} of {told.updates} updates agree with {told.version or told.reference}"
    parts = [f"{marked(told.verdict)}: {counted} at the same weights"]
    others = told.updates - told.in_full
    how = f"{told.in_full} judged by a budget of their own"
    parts.append(f"{how}, {others} passed the screen" if others else how)
    where = f" at {told.worst_at}" if told.worst_at else ""
    parts.append(f"worst error ÷ budget {numbers.ratio(told.worst_ratio)}{where}")
    if told.first is not None:
        parts.append(f"update {told.first} is the first that does not agree")
    return "; ".join(parts)


def drift(told: Drift) -> str:
    """How far two trajectories are apart, and how fast that grows."""
    if not len(told.distance):
        return f"not measured against {told.reference}"
    apart = f"{numbers.amount(float(told.distance[-1]))} apart after update {told.updates[-1]}"
    grows = growth(told)
    how = f"grows {grows}" if grows else "too little was seen to say how it grows"
    return f"two trajectories, by hand and by {told.reference}: {apart}, {how}; never judged"


def growth(told: Drift) -> str:
    """By what factor, in no more updates than were seen: "×1.8 in 1000 updates"; empty where it is not known."""
    seen = int(told.updates[-1]) + 1 if len(told.updates) else 0
    per = next((per for per in (1000, 100, 10) if per <= seen), 0)
    return f"×{told.growth ** (per / 1000):.3g} in {per} updates" if per and isfinite(told.growth) else ""


def figures(trainee: Trainee) -> Table | None:
    """The published figures beside those here; None where there are none."""
    if not trainee.figures:
        return None
    met = sum(one.close for one in trainee.figures)
    rows = [
        (one.name, _exact(one.published), _exact(one.here), f"{'✓' if one.close else '✗'} {one.tolerance}")
        for one in trainee.figures
    ]
    return Table(f"published figures: {met} of {len(rows)} met", ("figure", "published", "here", "within"), rows)


def _exact(value: float) -> str:
    """Twelve digits, which is more than was published of most."""
    return f"{value:.12g}"


def placed(figure: Figure, trainee: Trainee) -> tuple[str, int] | None:
    """The curve and the update that a figure belongs to, by its name: "loss at update 9000"; None for others."""
    name, found, update = figure.name.rpartition(" at update ")
    update = update.replace(",", "")
    return (name, int(update)) if found and update.isdecimal() and trainee.curve(name) is not None else None


def remedies(told: Explosion) -> Table | None:
    """What was tried against it, and how far that came; None where nothing was."""
    rows = explosion.remedies(told)
    return Table("tried from the first update on", explosion.HEADINGS, rows) if rows else None


def samples(trainee: Trainee) -> Iterator[tuple[str, str]]:
    """What it made up: a label for each, and its lines."""
    for number, sample in enumerate(trainee.samples, 1):
        lines = sample.rstrip("\r\n").split("\n")
        yield from ((f"sample {number}", line) for line in lines)


def closing(trained: Trained) -> Labelled:
    """On what it ran, and what it took."""
    versions = ", ".join(f"{name} {version}" for name, version in trained.versions.items())
    made = ", ".join(part for part in (f"handgrad {trained.version}", versions) if part)
    yield "ran on", f"{made} · {trained.platform} · {trained.created}"
    yield "took", f"{max(trained.seconds, 0.1):.1f} s"


def first_apart(trainee: Trainee) -> Judgement | None:
    """The first update that does not agree, judged in full."""
    return trainee.lockstep.judgement if trainee.lockstep is not None else None


def run_of(trained: Trained, judgement: Judgement) -> Run:
    """One update as a run, for the reports that there are of runs."""
    return Run(
        command="", created=trained.created, version=trained.version, versions=trained.versions,
        platform=trained.platform, judgements=(judgement,),
    )  # fmt: skip
