"""What a set of broken equations says of the others: which still show, and whether a stack or its parts are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.diagnosis.backward import SEVERAL
from harness.diagnosis.box import Outside, backward, parity
from harness.diagnosis.parity import Parity
from harness.diagnosis.structures import STACK
from harness.diagnosis.values import Values

#: of a unit vector: what is left of it is rounding
_LEFT = 1e-6


def shown(found: Outside) -> frozenset[str]:
    """The numbers of all equations that would show if they were broken too.

    Those of which every possible effect is explained by what is broken already do not: nothing can be said of them.
    """
    if not found.explained:
        return frozenset()
    tags: set[str] = set()
    left = set(found.visible) - set(found.broken)
    known = found.structure.tags if found.structure is not None else ()  # what is wrong with these is known in full
    for one in found.answered:
        if not one.probe.entries_only and left - tags:
            tags |= _beyond(parity(one, found.structure), [tag for tag in found.broken if tag not in known])
    return frozenset(part for tag in tags for part in tag.split(SEVERAL))


def _beyond(made: Parity, broken: Sequence[str]) -> set[str]:
    lifted = [tag for tag in made.tags if set(tag.split(SEVERAL)) <= set(broken)]
    at = np.concatenate([made.places(tag) for tag in lifted] or [np.arange(0)]).astype(int)
    others = [tag for tag in made.tags if tag not in lifted]
    if not at.size:
        return {tag for tag in others if made.places(tag).size}
    inverse = np.linalg.pinv(made.gram[np.ix_(at, at)], rcond=1e-9, hermitian=True)
    found = set()
    for tag in others:
        own = made.places(tag)
        towards = made.gram[np.ix_(at, own)]
        left = 1 - np.einsum("ij,ik,kj->j", towards, inverse, towards)
        if left.max(initial=0.0) > _LEFT:
            found.add(tag)
    return found


def split(found: Outside) -> Outside:
    """The same, a stack that holds none of its parts' values being told as these parts' own equations.

    From outside a stack and all its parts together are the same. If every part has another thing wrong with it, and
    there are words for each, it is the parts.
    """
    if (STACK,) not in found.units or not found.answered:
        return found
    back = backward(found.answered[0].probe.case)
    stacked = next(one for one in back.equations if STACK in one.tags)
    units = [_unit(found, back.by_quantity[quantity].tags[0]) for quantity in stacked.reads]
    others = [unit for unit in found.units if unit != (STACK,)]
    values = Values(replace(found, units=(*others, *units)))
    wrong = [(unit, own[0]) for unit in units if (own := values.wrong(unit))]
    texts = {one.instead or one.pattern for _, one in wrong}
    if len(wrong) < 2 or not all(one.said for _, one in wrong) or len(texts) < 2:
        return found
    return replace(found, units=(*others, *(unit for unit, _ in wrong)))


def _unit(found: Outside, tag: str) -> tuple[str, ...]:
    """The equation and those that nothing tells from it."""
    made = [parity(one, found.structure) for one in found.answered if not one.probe.entries_only]
    alike = [other for other in made[0].tags if other != tag and all(one.same(tag, other) for one in made)]
    return (tag, *alike)


def unseen(found: Outside) -> tuple[str, ...]:
    """The numbers of equations that only what is broken keeps from showing; they may be wrong too."""
    if not found.units or not found.explained:
        return ()
    every = [part for tag in sorted(found.visible) for part in tag.split(SEVERAL)]
    known = shown(found) | set(found.broken)
    return tuple(dict.fromkeys(tag for tag in every if tag not in known))
