"""What localisation said of a fault against what is true, and the shares that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.programs import Fault
from benchmarks.tools.results import Count
from benchmarks.tools.table import percent
from harness.diagnosed import Place

#: a place that was mended: at what is written there, or at what is read there
MENDED = ("confirmed", "input")
HEADINGS = ("", "faults", "confirmed", "wrong line among the confirmed", "it or a producer named", "median s")


@dataclass(frozen=True)
class Score:
    """One fault, and whether its line was found."""

    fault: Fault
    confirmed: bool  #: with what was mended every output is right
    culprit: bool  #: and the wrong statement is among it
    named: bool  #: the wrong statement, or one that produces its operands, is confirmed or suspected
    seconds: float

    @property
    def style(self) -> str:
        """How its program is written: "per step"."""
        return self.fault.program.partition("_")[2].replace("_", " ")


def score(fault: Fault, places: Sequence[Place], confirmed: bool, seconds: float) -> Score:
    """Whether ``places`` hold a line of the fault's statement; places in other files count for nothing."""
    here = [place for place in places if place.file.endswith(".py") and place.file.rpartition("/")[2] == "program.py"]
    mended = {place.line for place in here if place.certainty in MENDED}
    culprit = confirmed and bool(mended & fault.lines)
    named = any(place.line in fault.lines | fault.operands for place in here)
    return Score(fault, confirmed, culprit, named, seconds)


def table(scores: Sequence[Score]) -> list[str]:
    """All faults, by style, by whether the bank could have made them, and by kind, as a markdown table."""
    rows = [_row(words, among) for words, among in _groups(scores) if among]
    return [f"| {' | '.join(HEADINGS)} |", "| --- | ---: | ---: | ---: | ---: | ---: |", *rows]


def _groups(scores: Sequence[Score]) -> Iterator[tuple[str, list[Score]]]:
    yield "all", list(scores)
    for style in sorted({one.style for one in scores}):
        yield style, [one for one in scores if one.style == style]
    for words, beyond in (("kinds of the bank", False), ("beyond the bank", True)):
        among = [one for one in scores if one.fault.beyond is beyond]
        yield words, among
        for kind in sorted({one.fault.kind for one in among}):
            yield f"· {kind}", [one for one in among if one.fault.kind == kind]
    yield "a statement is missing", [one for one in scores if one.fault.missing]


def _row(words: str, scores: Sequence[Score]) -> str:
    seconds = median(one.seconds for one in scores)
    return f"| {words} | {len(scores)} | {' | '.join(shares(scores))} | {seconds:.2g} |"


def shares(scores: Sequence[Score]) -> tuple[str, str, str]:
    """Confirmed among all; the culprit's among the confirmed; named among all."""
    confirmed = _count(one.confirmed for one in scores)
    culprit = _count(one.culprit for one in scores if one.confirmed)
    named = _count(one.named for one in scores)
    return percent(confirmed), percent(culprit) if culprit.of else "–", percent(named)


def _count(found: Iterable[bool]) -> Count:
    each = list(found)
    return Count(sum(each), len(each))
