"""What one way of asking came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.stepwise.curve import Curve

#: so many steps are named one by one
_FEW = 6


class Seen(NamedTuple):
    """Curves, and what is to be said of them."""

    curves: tuple[Curve, ...] = ()
    way: str = ""  #: how they were seen, in words
    notes: tuple[str, ...] = ()  #: what could not be seen, and why


def said(steps: Sequence[int]) -> str:
    """Some steps in words; of many, the first and the last."""
    if len(steps) == 1:
        return f"step {steps[0]}"
    if len(steps) <= _FEW:
        return f"steps {', '.join(map(str, steps))}"
    return f"{len(steps)} steps from {steps[0]} to {steps[-1]}"
