"""Sums that leave out steps, batch entries or gates, and cotangents that some steps or entries do not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.bank.lines import Line
from harness.bank.notation import noun
from harness.bank.rewrite import Rewrite, valued
from harness.bank.rows import each_row, sums_rows
from harness.bank.site import Site
from harness.bank.trees import form

#: detail, which rows V, what the sum does
_ROWS = (
    ("without-first-step", "V[B:]", "leaves out the first step"),
    ("without-last-step", "V[:-B]", "leaves out the last step"),
    ("last-step", "V[-B:]", "has the last step's share alone"),
    ("without-first-entry", "V[np.arange(T * B) % B > 0]", "leaves out the first batch entry"),
    ("without-last-entry", "V[np.arange(T * B) % B < B - 1]", "leaves out the last batch entry"),
    ("first-entry", "V[::B]", "has the first batch entry's share alone"),
)
#: detail, what is left of a cotangent V of all steps, what it is
_COTANGENTS = (
    ("last-step", "V * (np.arange(T) == T - 1)[:, np.newaxis, np.newaxis]", "is zero but for the last step"),
    ("first-step", "V * (np.arange(T) == 0)[:, np.newaxis, np.newaxis]", "is zero but for the first step"),
    ("without-last-step", "V * (np.arange(T) < T - 1)[:, np.newaxis, np.newaxis]", "is zero at the last step"),
    ("without-first-step", "V * (np.arange(T) > 0)[:, np.newaxis, np.newaxis]", "is zero at the first step"),
    ("without-first-entry", "V * (np.arange(B) > 0)[:, np.newaxis]", "is zero in the first batch entry"),
    ("without-last-entry", "V * (np.arange(B) < B - 1)[:, np.newaxis]", "is zero in the last batch entry"),
)


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every sum over rows or gates, every stacked gradient, and the cotangents that a model gives to a cell."""
    for line in site.lines:
        if sums_rows(site, line):
            for detail, pattern, words in _ROWS:
                value = each_row(site, line.value, pattern)
                yield valued(line, "partial-sum", detail, value, f"{noun(line)} {words}")
        elif line.tag in ("7*G", "7*n"):
            for detail, pattern, words in _COTANGENTS:
                value = form(pattern, V=line.value, T=site.T, B=site.B)
                yield valued(line, "partial-sum", detail, value, f"{noun(line)} {words}")
        for k, gate in enumerate(site.gates):
            yield from _without_gate(site, line, k, gate)


def _without_gate(site: Site, line: Line, k: int, gate: str) -> Iterator[Rewrite]:
    axes, value = site.axes(line.value), line.value
    if isinstance(value, ast.BinOp) and site.axes(value.right)[:1] == ("A",):  # da times a weight: a sum over gates
        text = f"np.delete(L, np.s_[{k} * H:{k + 1} * H], axis=1) @ np.delete(R, np.s_[{k} * H:{k + 1} * H], axis=0)"
        less = form(text, L=value.left, R=value.right)
        yield valued(line, "partial-sum", f"without-{gate}", less, f"{noun(line)} leaves out gate {gate}")
    elif axes[:1] == ("A",):
        keep = f"(np.arange({len(site.gates)} * H) // H != {k})" + "[:, np.newaxis]" * (len(axes) - 1)
        less = form(f"V * {keep}", V=value)
        yield valued(line, "partial-sum", f"without-{gate}", less, f"{noun(line)} is zero for gate {gate}")
