"""Faults that hardly show: off by a thousandth, everywhere, at the largest entry, or above 0.999 of it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bank.notation import noun
from harness.bank.rewrite import Rewrite, valued
from harness.bank.site import Site
from harness.bank.trees import form

_WEAK = (
    ("scale", "1.001", "1.001 * V", "is 1.001 times what it should be"),
    ("clipped", "below-largest", "wrong.below_largest(V)", "is clipped at 0.999 of its largest entry"),
    ("one-entry", "", "wrong.nudged(V)", "has its largest entry 1.001 times what it should be"),
)


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Three per line; cuts of what is carried that are longer than a default case are in `truncation`."""
    for line in site.lines:
        for kind, detail, wrong, words in _WEAK:
            rewrite = valued(line, kind, detail, form(wrong, V=line.value), f"{noun(line)} {words}")
            yield rewrite._replace(weak=True)
