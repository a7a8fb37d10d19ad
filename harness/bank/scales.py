"""Zero, sign, constant multiple, constant offset: of every line."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.bank.lines import Line
from harness.bank.notation import noun, slug, symbols
from harness.bank.rewrite import Rewrite, valued
from harness.bank.site import Site
from harness.bank.trees import chains, form, substituted, terms, total

_SCALES = {"2": "twice", "0.5": "half", "10": "ten times"}


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every line's value set to zero, negated, multiplied by a constant or with one added; every term's sign."""
    for line in site.lines:
        subject, value = noun(line), line.value
        yield valued(line, "zero", "", form("np.zeros_like(V)", V=value), f"{subject} is zero")
        yield valued(line, "sign", "", form("-V", V=value), f"{subject} has the opposite sign")
        for factor, words in _SCALES.items():
            scaled = form(f"{factor} * V", V=value)
            yield valued(line, "scale", factor, scaled, f"{subject} is {words} what it should be")
        yield valued(line, "offset", "0.01", form("V + 0.01", V=value), f"0.01 is added to {subject}")
        yield from _terms(site, line)


def _terms(site: Site, line: Line) -> Iterator[Rewrite]:
    for chain in chains(line.value, (ast.Add, ast.Sub)):
        parts = terms(chain)
        for k, (sign, term) in enumerate(parts):
            if isinstance(term, ast.Constant):  # −1 − i is −(1 + i): another term's sign and the whole's
                continue
            new = total([*parts[:k], (-sign, term), *parts[k + 1 :]])
            sentence = f"{noun(line)} has {symbols(site, new)} in place of {symbols(site, chain)}"
            yield valued(line, "sign", slug(symbols(site, term)), substituted(line.value, chain, new), sentence)
