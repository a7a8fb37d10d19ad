"""= in place of += and the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bank.lines import Line
from harness.bank.notation import noun
from harness.bank.rewrite import Rewrite, stated, valued
from harness.bank.rows import arrays_of_rows, each_row, sums_rows
from harness.bank.site import Site
from harness.bank.trees import form, substituted


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every line of the loop adding to what it must replace; every sum over rows as a loop would get it wrong."""
    for line in site.lines:
        if sums_rows(site, line):
            yield from _summed(site, line)
        elif line.in_loop and not line.is_whole:
            yield _added(line)


def _added(line: Line) -> Rewrite:
    if line.target.endswith("[t]"):
        later = line.target.replace("[t]", "[min(t + 1, T - 1)]")
        value = form("W + V", V=line.value, W=later)
        return valued(line, "accumulation", "", value, f"{noun(line)} is added to that of the later step")
    statement = line.text.replace("[:] = ", " += ", 1)
    return stated(line, "accumulation", "", statement, f"{noun(line)} is added to at every step, not replaced")


def _summed(site: Site, line: Line) -> Iterator[Rewrite]:
    """What becomes of a sum in a loop from the last step to the first that has = for +=, or adds the sum so far."""
    share = each_row(site, line.value, "V[:B]")
    sentence = f"{noun(line)} is replaced at every step, not added to: the first step's share remains"
    yield valued(line, "accumulation", "replaced", share, sentence)
    rows, *_ = arrays_of_rows(site, line.value)  # those of step t are in the sum so far t + 1 times
    weighted = form("V * (np.arange(T * B, dtype=V.dtype) // B + 1)[:, np.newaxis]", V=rows, T=site.T, B=site.B)
    value = substituted(line.value, rows, weighted)
    yield valued(line, "accumulation", "running-total", value, f"{noun(line)} adds the sum so far at every step")
