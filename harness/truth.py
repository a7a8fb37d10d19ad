"""Which reference is the truth for a case: the best that this machine can afford."""

from __future__ import annotations

from harness.case import Case
from references import extended, protocol
from references.protocol import Reference

#: In the order in which they are tried: the first costs little more than the case itself, the second works everywhere.
PREFERRED = ("extended", "certified")


def choose(case: Case, asked: str = "") -> tuple[Reference, str]:
    """The reference that is to be truth, and why it cannot be; empty where it can. ``asked`` overrides the choice."""
    known = protocol.available()
    reasons = {name: unable(known[name], case) for name in ((asked,) if asked else PREFERRED)}
    fit = [name for name, reason in reasons.items() if not reason]
    if fit:
        return known[fit[0]], ""
    first, *others = reasons
    return known[first], "; ".join((reasons[first], *(f"{name}: {reasons[name]}" for name in others)))


def unable(reference: Reference, case: Case) -> str:
    """Why a reference cannot run; empty where it can."""
    narrow = extended.too_narrow(case.dtype) if reference.NAME == extended.NAME else ""
    return narrow or protocol.missing(reference) or reference.unsupported(case.model)
