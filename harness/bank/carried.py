"""What a line of the loop over time may read: what is carried to it, and what the step has computed before it."""

from __future__ import annotations

from harness.bank.lines import Line
from harness.bank.site import Site


def is_carried(site: Site, line: Line) -> bool:
    """Whether a line of the loop computes what is carried to the step before: it has a value before the loop."""
    return line.in_loop and any(other.enters and other.root == line.root for other in site.lines)


def live(site: Site, line: Line) -> tuple[str, ...]:
    """The adjoints (B, H) that a line may read: the step's cotangent, what is carried, what lines before it compute."""
    before = site.lines[: site.lines.index(line)]
    known = ("G[t]", *(other.target.removesuffix("[:]") for other in before))
    return tuple(name for name in dict.fromkeys(known) if site.axes(name) == ("B", "H"))
