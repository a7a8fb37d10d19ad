"""Averages in place of sums: over steps, batch entries, outputs."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bank.lines import Line
from harness.bank.notation import noun
from harness.bank.rewrite import Rewrite, valued
from harness.bank.rows import AXES, sums_rows
from harness.bank.site import Site
from harness.bank.trees import form


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every sum over rows, and every cotangent, divided by what an average would be divided by."""
    for line in site.lines:
        if sums_rows(site, line):
            yield from _divided(site, line, AXES, "is averaged over {axis}, not summed")
        elif line.tag in ("7*G", "7*F", "7*n"):
            yield from _divided(site, line, AXES, "is divided by {axis} as well")
        elif site.axes(line.value)[2:] == ("K",):  # a loss that sums over several outputs
            yield from _divided(site, line, (("K", "z.shape[-1]"),), "is divided by {axis}")


def _divided(site: Site, line: Line, over: tuple[tuple[str, str], ...], words: str) -> Iterator[Rewrite]:
    for axis, divisor in over:
        value = form(f"V / {divisor}", V=line.value, T=site.T, B=site.B)
        yield valued(line, "mean-for-sum", axis.replace("·", ""), value, f"{noun(line)} {words.format(axis=axis)}")
