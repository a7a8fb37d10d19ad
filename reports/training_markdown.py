"""A training as GitHub-flavoured Markdown: what the terminal shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.trained import Explosion, Trained, Trainee

from . import as_markdown, explosion, training, words
from .as_markdown import escape, table
from .side_by_side import beside
from .sparkline import spark


def render(trained: Trained) -> str:
    """The whole page."""
    return "\n".join(_lines(trained)) + "\n"


def _lines(trained: Trained) -> Iterator[str]:
    yield f"## {escape(training.headline(trained))}\n"
    if interruption := training.interruption(trained):
        yield f"{escape(interruption)}\n"
    yield f"{escape(training.subject(trained))}\n"
    yield from _table(beside(trained))
    for trainee in trained.trainees:
        yield from _trainee(trained, trainee)
    yield from _list(training.closing(trained))
    if trained.command:
        yield f"\n**repeat**:\n\n    {words.clean(trained.command)}"


def _trainee(trained: Trained, trainee: Trainee) -> Iterator[str]:
    yield f"### {escape(trainee.title)}\n"
    if trainee.series and (line := spark(trainee.series[0])):
        yield f"    {words.clean(line)}\n"
    yield from _list(training.facts(trainee))
    yield from _table(training.figures(trainee))
    if trainee.explosion is not None:
        yield from _explosion(trainee.explosion)
    if (judgement := training.first_apart(trainee)) is not None and trainee.lockstep is not None:
        yield f"**update {trainee.lockstep.first}, in full**\n"
        yield f"##{as_markdown.render(training.run_of(trained, judgement))}\n"  # two levels below this page's own
    if trainee.samples:
        yield "**samples**\n"
        # An indented block is text as it stands, which nothing in it can close.
        yield from (f"    {words.clean(line)}" for _, line in training.samples(trainee))
        yield ""


def _explosion(told: Explosion) -> Iterator[str]:
    yield f"**explosion: {escape(explosion.happening(told))}**\n"
    yield from _list(explosion.story(told))
    yield from _table(training.remedies(told))


def _table(told: training.Table | None) -> Iterator[str]:
    if told is not None:
        yield f"**{escape(told.title)}**\n"
        yield from table(told.headings, told.rows)


def _list(labelled: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"- **{escape(label)}**: {escape(text)}" for label, text in labelled)
    yield ""
