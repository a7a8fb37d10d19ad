"""Factors, terms and powers that are missing, and factors and terms that do not belong."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.bank.carried import is_carried, live
from harness.bank.lines import Line
from harness.bank.notation import noun, slug, symbols
from harness.bank.rewrite import Rewrite, valued
from harness.bank.site import Site
from harness.bank.trees import chains, factors, form, names, product, substituted, terms, total


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every factor and term of every line left out; every forward factor twice; every other adjoint as a term."""
    for line in site.lines:
        for chain in chains(line.value, (ast.Mult,)):
            yield from _factors(site, line, chain)
        for chain in chains(line.value, (ast.Add, ast.Sub)):
            yield from _terms(site, line, chain)
        for chain in chains(line.value, (ast.Div, ast.MatMult)):
            yield _without_right(site, line, chain)
        yield from _added(site, line)


def _factors(site: Site, line: Line, chain: ast.BinOp) -> Iterator[Rewrite]:
    parts = factors(chain)
    texts = [ast.unparse(part) for part in parts]
    for k, part in enumerate(parts):
        if texts.index(texts[k]) < k:
            continue
        name, rest = symbols(site, part), product(parts[:k] + parts[k + 1 :])
        less = substituted(line.value, chain, rest)
        if texts.count(texts[k]) > 1:
            sentence = f"{noun(line)} has {name} in place of {symbols(site, chain)}"
            yield valued(line, "dropped-power", slug(name), less, sentence)
            continue
        yield valued(line, "dropped-factor", slug(name), less, _lacks(site, line, name, chain, rest))
        if not isinstance(part, ast.Constant) and not names(part) & site.adjoints:
            more = substituted(line.value, chain, form("V * F", V=chain, F=part))
            yield valued(line, "extra-factor", slug(name), more, f"{noun(line)} has the factor {name} twice")


def _lacks(site: Site, line: Line, name: str, chain: ast.BinOp, rest: ast.expr) -> str:
    if chain is line.value and is_carried(site, line) and ast.unparse(rest) in site.adjoints:
        return f"{symbols(site, rest)} is carried without the factor {name}"
    return f"{noun(line)} lacks the factor {name}"


def _terms(site: Site, line: Line, chain: ast.BinOp) -> Iterator[Rewrite]:
    parts = terms(chain)
    for k, (_, term) in enumerate(parts):
        rest = parts[:k] + parts[k + 1 :]
        if all(isinstance(other, ast.Constant) for _, other in rest):  # 1 − i without i: a factor left out
            continue
        sentence = f"{noun(line)} lacks the term {symbols(site, term)}"
        if chain is not line.value:
            sentence = f"{noun(line)} has {symbols(site, total(rest))} in place of {symbols(site, chain)}"
        value = substituted(line.value, chain, total(rest))
        yield valued(line, "dropped-term", slug(symbols(site, term)), value, sentence)


def _without_right(site: Site, line: Line, chain: ast.BinOp) -> Rewrite:
    """A divisor or a matrix left out; what does not fit without it is not admitted."""
    name = symbols(site, chain.right)
    done = "divided" if isinstance(chain.op, ast.Div) else "multiplied"
    value = substituted(line.value, chain, chain.left)
    return valued(line, "dropped-factor", slug(name), value, f"{noun(line)} is not {done} by {name}")


def _added(site: Site, line: Line) -> Iterator[Rewrite]:
    """To what sums up at a state: another adjoint; to what is carried: such a sum, past the equations."""
    parts = [ast.unparse(term) for _, term in terms(line.value)]
    if not line.in_loop or not (len(parts) > 1 or is_carried(site, line)):
        return
    totals = {other.root for other in site.lines if other.in_loop and len(terms(other.value)) > 1}
    for other in live(site, line):
        if other not in parts and other != line.root and (other in totals or len(parts) > 1):
            sentence = f"{symbols(site, other)} is added to {noun(line)}, where it does not belong"
            value = form("V + W", V=line.value, W=other)
            yield valued(line, "extra-term", slug(symbols(site, other)), value, sentence)
