"""All planted faults: every family of rewrites, over every function of handgrad that holds adjoint equations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

from handgrad.model import COTANGENT
from harness.bank import (
    accumulation,
    batch,
    biases,
    by_loss,
    derivatives,
    factors,
    indices,
    left_out,
    limits,
    loops,
    means,
    scales,
    shares,
    stacking,
    transposes,
    truncation,
    variables,
    weak,
)
from harness.bank.fault import Fault
from harness.bank.rewrite import Family, Rewrite
from harness.bank.site import Site
from harness.bank.sites import sites

#: Of two families that make the same source, the first has it.
_FAMILIES: tuple[Family, ...] = (
    scales.rewrites,
    factors.rewrites,
    by_loss.rewrites,
    variables.rewrites,
    indices.rewrites,
    derivatives.rewrites,
    transposes.rewrites,
    stacking.rewrites,
    means.rewrites,
    shares.rewrites,
    accumulation.rewrites,
    loops.rewrites,
    left_out.rewrites,
    truncation.rewrites,
    limits.rewrites,
    batch.rewrites,
    biases.rewrites,
    weak.rewrites,
)


def catalogue(cell: str | None = None, loss: str | None = None, weak: bool | None = None) -> tuple[Fault, ...]:
    """The faults that models with a cell and a loss may have, weak ones or others alone; None: whichever."""
    return tuple(
        fault
        for fault in _by_id().values()
        if (cell is None or fault.cell in ("", cell))
        and (loss is None or fault.runs_with(loss))
        and (weak is None or fault.weak == weak)
    )


def fault(name: str) -> Fault:
    """The fault of that id. Raises KeyError where there is none."""
    return _by_id()[name]


@cache
def _by_id() -> dict[str, Fault]:
    faults: dict[str, Fault] = {}
    for one in (one for site in sites() for one in _planted(site)):
        if one.id in faults:
            raise ValueError(f"{one.id}: got two faults of that id, {faults[one.id].source} and {one.source}")
        faults[one.id] = one
    return faults


def _planted(site: Site) -> Iterator[Fault]:
    seen = set()
    several = {tag for tag, lines in Counter(line.tag for line in site.lines).items() if lines > 1}
    for rewrite in (rewrite for family in _FAMILIES for rewrite in family(site)):
        if rewrite.edits not in seen and rewrite.source != rewrite.line and _fits(site, rewrite):
            seen.add(rewrite.edits)
            yield _fault(site, rewrite, several)


def _fits(site: Site, rewrite: Rewrite) -> bool:
    return rewrite.value is None or site.fits(*rewrite.value)


def _fault(site: Site, rewrite: Rewrite, several: set[str]) -> Fault:
    quantity = rewrite.quantity if rewrite.equation in several else ""
    detail = "-".join(filter(None, (quantity, rewrite.detail)))
    return Fault(
        id="/".join(filter(None, (site.owner, rewrite.equation, rewrite.kind, detail))),
        cell=site.cell,
        loss=COTANGENT if rewrite.equation in ("7*G", "7*F") else site.loss,
        readout=site.readout,
        equation=rewrite.equation,
        quantity=rewrite.quantity,
        kind=rewrite.kind,
        sentence=rewrite.sentence,
        weak=rewrite.weak,
        line=rewrite.line,
        source=rewrite.source,
        function=site.function,
        edits=rewrite.edits,
    )
