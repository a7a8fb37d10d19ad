"""What the readable reports say of a diagnosis, and in which order: the terminal and Markdown only draw it.

Nothing here is safe to print as it is: source lines and names are a candidate's. See `reports.words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan

from harness.diagnosed import Diagnosis, Equation, Example, Fault, Place, Status

from . import arrays, numbers

Labelled = Iterator[tuple[str, str]]

MARKS: Mapping[Status, str] = {"holds": "✓", "broken": "✗", "alternative": "~", "untested": "·"}
MEANING: Mapping[Status, str] = {
    "holds": "holds", "broken": "broken", "alternative": "one of several that cannot be told apart",
    "untested": "not seen",
}  # fmt: skip

#: The columns of the table of equations: mark, number, text, error, and at which steps and gates.
HEADINGS = ("", "", "equation", "relative", "where")
#: Of places that are only suspected, as many are told.
SUSPECTS = 5
INDENT = "  "


def headline(told: Diagnosis) -> str:
    """The finding in one sentence."""
    return f"diagnosis: {told.sentence}"


def places(told: Diagnosis) -> Labelled:
    """How certain, and where: a line with the source, and indented ones with what it holds and should hold."""
    if not told.localised:
        beside = "; no place turns every output right by itself" if told.places else ""
        yield "place", f"not localised{beside}"
    suspects = [place for place in told.places if place.certainty == "suspect"]
    certain = [place for place in told.places if place.certainty != "suspect"]
    for place in (*certain, *suspects[:SUSPECTS]):
        yield place.certainty, f"{place.file}:{place.line}{INDENT}{place.source.strip()}"
        yield from ((place.certainty, f"{INDENT}{line}") for line in _said(place))
    if suspects[SUSPECTS:]:
        yield "suspect", f"and {len(suspects) - SUSPECTS} more"


def _said(place: Place) -> Iterator[str]:
    at = f", at {place.step}" if place.step else ""
    if place.certainty == "input":
        yield f"what it reads as {place.variable} should be {place.should}{at}"
        yield from [f"it is {place.holds}"] if place.holds else []
        return
    if not place.should:
        yield f"{place.variable} holds {place.holds or 'something else'}{at}"
        return
    yield from [f"{place.variable} holds {place.holds},"] if place.holds else []
    yield f"{'' if place.holds else f'{place.variable} '}should hold {place.should}{at}"


def legend(equations: Sequence[Equation]) -> str:
    """What the marks that occur mean."""
    found = [status for status in MARKS if any(equation.status == status for equation in equations)]
    return f"equations: {', '.join(f'{MARKS[status]} {MEANING[status]}' for status in found)}"


def cells(equation: Equation) -> tuple[str, ...]:
    """An equation's texts, one per heading; what holds has neither error nor place, as its rounding tells nothing."""
    wrong = equation.status in ("broken", "alternative")
    error = numbers.amount(equation.residual) if wrong and not isnan(equation.residual) else ""
    others = [tag for tag in equation.unit if tag != equation.tag]
    unit = f"this or {', '.join(others)}" if wrong and others else ""
    where = "" if equation.status == "holds" else ", ".join(part for part in (equation.where, unit) if part)
    return MARKS[equation.status], equation.tag, equation.text, error, where


def faults(told: Diagnosis) -> Labelled:
    """What the candidate computes instead: what is wrong, in which equation, and how it behaves."""
    for fault in told.faults:
        yield "instead", f"{' or '.join(fault.tags)}: {fault.sentence}"
        yield from (("instead", f"{INDENT}{line}") for line in _behaviour(fault))


def _behaviour(fault: Fault) -> Iterator[str]:
    if fault.instead:
        yield fault.instead
    known = f"behaves like the planted fault {fault.known}" if fault.known else ""
    pattern = f"pattern: {fault.pattern}" if fault.pattern else ""
    told = "; ".join(part for part in (pattern, known) if part)
    if told or not fault.instead:
        yield told or "neither a pattern nor a planted fault that we know"


def example_title(example: Example) -> str:
    """How small it is."""
    sizes = " ".join(f"{axis}={size}" for axis, size in example.sizes.items())
    return f"smallest counterexample: {sizes}" if sizes else "smallest counterexample"


def given(example: Example) -> list[str]:
    """The arrays that go in."""
    return [arrays.named(name, array) for name, array in example.arrays.items()]


def between(example: Example) -> list[str]:
    """Every intermediate, as it should be."""
    return [arrays.named(name, array) for name, array in example.between.items()]


def outcome(example: Example) -> Labelled:
    """The gradient that shows it."""
    expected, obtained = arrays.both(example.expected, example.obtained)
    yield "expected", f"gradient of {example.array} = {expected}"
    yield "obtained", f"gradient of {example.array} = {obtained}"


def ending(told: Diagnosis) -> Labelled:
    """What to do next, what could not be seen, and how all this was found."""
    if told.step:
        yield "next", told.step
    yield from (("note", note) for note in told.notes)
    calls = f"{told.calls} call{'s' * (told.calls != 1)} of the candidate" if told.calls else ""
    seconds = f"{max(told.seconds, 0.1):.1f} s" if told.seconds else ""
    if method := ", ".join(part for part in (told.method, calls, seconds) if part):
        yield "method", method
