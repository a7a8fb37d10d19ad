"""Clipping: of every entry of what a line computes, or of a whole array's norm."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bank.notation import noun
from harness.bank.rewrite import Rewrite, valued
from harness.bank.rows import sums_rows
from harness.bank.site import Site
from harness.bank.trees import form


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every line's value held within several limits; gradients of parameters scaled down to several norms as well."""
    for line in site.lines:
        for limit in ("0.1", "1", "5"):
            value = form(f"np.clip(V, -{limit}, {limit})", V=line.value)
            yield valued(line, "clipped", limit, value, f"{noun(line)} is clipped to ±{limit}")
        for norm in ("1", "5") if sums_rows(site, line) else ():
            value = form(f"wrong.shortened(V, {norm})", V=line.value)
            sentence = f"{noun(line)} is scaled down to norm {norm} where its norm is larger"
            yield valued(line, "clipped", f"norm-{norm}", value, sentence)
