"""The loop over time: its bounds and its direction."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bank.rewrite import Rewrite, restated
from harness.bank.site import Site
from harness.bank.statements import loop

#: other ranges: detail, text, what the loop does
_RANGES = (
    ("without-first-step", "range(T - 1, 0, -1)", "leaves out the first step"),
    ("without-last-step", "range(T - 2, -1, -1)", "leaves out the last step"),
    ("without-both-ends", "range(T - 2, 0, -1)", "leaves out the first and the last step"),
    ("every-second-step", "range(T - 1, -1, -2)", "leaves out every second step"),
    ("last-step", "range(T - 1, T - 2, -1)", "runs over the last step alone"),
    ("first-step", "range(1)", "runs over the first step alone"),
    ("forward", "range(T)", "runs forward in time"),
    ("forward-without-last-step", "range(T - 1)", "runs forward in time and leaves out the last step"),
    ("twice", "[*range(T - 1, -1, -1), *range(T - 1, -1, -1)]", "runs twice, and what is carried is not reset"),
)


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Other ranges of the loop."""
    head = loop(site.function)
    for detail, steps, words in _RANGES if head else ():
        assert head is not None
        yield restated(head, "loop", detail, f"for t in {steps}: pass", f"the loop {words}")
