"""Matrices transposed, and arrays reshaped where their axes must be exchanged."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.bank.lines import Line
from harness.bank.notation import noun, rearranged, slug, symbols
from harness.bank.rewrite import Rewrite, valued
from harness.bank.rows import sums_rows
from harness.bank.site import Site
from harness.bank.trees import everywhere, form, substituted


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every weight that a line reads, every matrix of gradients, and every array of rows."""
    for line in site.lines:
        if isinstance(line.value, ast.BinOp) and isinstance(line.value.op, ast.MatMult):
            if sums_rows(site, line):
                yield from _gradient(site, line)
            else:
                yield from _weight(site, line, line.value)
        yield from _rows(site, line)
        if site.axes(line.value) == ("TB", "D"):
            value = form("V.reshape(B, T, D).swapaxes(0, 1).reshape(T * B, D)", V=line.value)
            yield valued(
                line,
                "transpose",
                "batch-first",
                value,
                f"{noun(line)} is unstacked as if batch entries came before steps",
            )


def _weight(site: Site, line: Line, product: ast.BinOp) -> Iterator[Rewrite]:
    name, axes, n = symbols(site, product.right), site.axes(product.right), len(site.gates)
    wrong = [("", "W.T", f"{name}ᵀ in place of {name}")]
    if axes[0] != axes[1]:
        wrong += [("-reshaped", "W.reshape(W.shape[::-1]).T", f"{name} reshaped, not transposed, from {name}ᵀ")]
    if axes == ("A", "H"):
        all_blocks = f"W.reshape({n}, H, H).swapaxes(1, 2).reshape({n} * H, H)"
        wrong += [("-blocks", all_blocks, f"{name} with each gate's block transposed")]
        for k, gate in enumerate(site.gates):
            one_block = f"np.concatenate([W[:{k} * H], W[{k} * H:{k + 1} * H].T, W[{k + 1} * H:]])"
            wrong += [(f"-{gate}", one_block, f"{name} with the block of {gate} transposed")]
    for detail, text, words in wrong:
        value = form("L @ R", L=product.left, R=form(text, W=product.right))
        yield valued(line, "transpose", f"{name}{detail}", value, f"{noun(line)} reads {words}")


def _gradient(site: Site, line: Line) -> Iterator[Rewrite]:
    axes, n, name = site.axes(line.value), len(site.gates), noun(line)
    wrong = [("", "V.T", f"{name} is transposed")]
    if axes[0] != axes[1]:
        reshaped = f"V.T.reshape(-1, {axes[1]})"
        wrong += [("reshaped", reshaped, f"{name} is reshaped, not transposed, from its transpose")]
    if axes == ("A", "H"):
        all_blocks = f"V.reshape({n}, H, H).swapaxes(1, 2).reshape({n} * H, H)"
        wrong += [("blocks", all_blocks, f"each gate's block of {name} is transposed")]
    for detail, text, sentence in wrong:
        yield valued(line, "transpose", detail, form(text, V=line.value), sentence)


def _rows(site: Site, line: Line) -> Iterator[Rewrite]:
    for operand in site.operands(line):
        helper = site.helpers.get(operand.name)
        if helper is not None and operand.name not in site.adjoints:
            array, name = rearranged(helper), symbols(site, operand.node)
            rows = substituted(helper, array, form("V.swapaxes(0, 1)", V=array))
            value = everywhere(line.value, operand.node, rows)
            sentence = f"{noun(line)} reads the rows of {name} with batch entries before steps"
            yield valued(line, "transpose", f"{slug(name)}-batch-first", value, sentence)
