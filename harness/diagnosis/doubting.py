"""A declared quantity that nothing else agrees with: the declaration is wrong, and not the equations around it."""

from __future__ import annotations

from harness.diagnosis.judging import Judged


def doubted(judged: Judged) -> tuple[Judged, tuple[str, ...]]:
    """Without the declared values that contradict both what they are made of and what is made of them.

    Where a quantity's own equation is broken, and with what that makes of it what reads it holds, no gradient is wrong
    because of it: two faults that cancel each other exactly would be needed.
    """
    notes: list[str] = []
    while True:
        healed = next((one for q in sorted(judged.broken) if (one := _healed(judged, q)) is not None), None)
        if healed is None:
            return judged, tuple(notes)
        judged, names = healed
        notes.append(f"the declared {' and '.join(names)} contradicts the gradients and was left out")


def _healed(judged: Judged, quantity: str) -> tuple[Judged, list[str]] | None:
    alone = next(case for case in judged.cases if quantity in case.broken)
    if _without(Judged([alone]), quantity) is None:  # one case says so most of the time
        return None
    return _without(judged, quantity)


def _without(judged: Judged, quantity: str) -> tuple[Judged, list[str]] | None:
    """With what its equation makes of a quantity, and of those that then change; None where that mends nothing."""
    changed, other = [quantity], judged
    graded = {one.quantity for one in judged.backward.equations if one.graded}
    if quantity in graded or judged.broken == {quantity}:
        return None
    while True:
        last = changed[-1]
        other = other.instead(lambda case, q=last: {q: case.expected[q]})  # type: ignore[misc]
        new = [q for q in other.broken if q not in judged.broken]
        if not new:
            mended = judged.broken - other.broken - set(changed)
            return (other, changed) if mended else None
        if len(new) > 1 or new[0] in graded or new[0] in changed:
            return None
        changed.append(new[0])
