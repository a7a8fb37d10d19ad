"""What the readable reports say of an explosion: what became infinite first, and how, as a small story.

Nothing here is safe to print as it is: names and source lines are a candidate's. See `reports.words`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from harness.trained import Explosion

from . import numbers

HEADINGS = ("tried", "stayed finite", "updates", "last loss")


def happening(told: Explosion) -> str:
    """What became infinite or not a number, and when."""
    what = "overflows" if told.kind == "overflow" else "is not a number"
    update = [] if told.update is None else [f"update {told.update}"]
    step = [] if told.step is None else [f"step {told.step}"]
    when = ", ".join(update + step)
    return f"{told.quantity} {what} at {when}" if when else f"{told.quantity} {what}"


def story(told: Explosion) -> Iterator[tuple[str, str]]:
    """What, what made it, what went in, why, what came before, what helps: a label and a text each."""
    place = f"[{', '.join(map(str, told.index))}]" if told.index else ""
    yield "first", f"{happening(told)}: {told.quantity}{place} is {numbers.amount(told.value)}"
    if told.file:
        yield "line", f"{told.file}:{told.line}  {told.source.strip()}".rstrip()
    if told.equation:
        yield "made by", told.equation
    yield from (("from", f"{name} = {text}") for name, text in told.inputs)
    yield "why", told.why
    yield from (("before", f"{finding.name}: {finding.text}") for finding in told.before)
    if told.cure:
        yield "cure", told.cure


def remedies(told: Explosion) -> list[tuple[str, ...]]:
    """What was tried from the first update on, and how far it came: a text per heading."""
    return [(one.name, "✓ yes" if one.finite else "✗ no", str(one.updates), _loss(one.loss)) for one in told.remedies]


def _loss(value: float) -> str:
    return "–" if isnan(value) else numbers.amount(value)
