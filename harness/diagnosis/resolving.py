"""What a confirmed line says of equations that nothing outside tells apart."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.diagnosed import Place
from harness.diagnosis.backward import Backward
from harness.diagnosis.box import Outside, backward

_EVERY = ("", "every step")


def resolved(found: Outside, places: Sequence[Place]) -> Outside:
    """The units without the equations that a confirmed line shows to hold.

    With the right value *assigned* to an equation's quantity at every step, all outputs are right. So whatever reads
    that quantity computes what it should, and its equation holds. What the quantity is computed from is no witness: a
    line often computes several equations at once.
    """
    if not found.units or not found.answered:
        return found
    back = backward(found.answered[0].probe.case)
    mended = {place.should for place in places if _assigns(place)}
    return replace(found, units=tuple(tuple(_left(unit, mended, back)) for unit in found.units))


def _left(unit: tuple[str, ...], mended: set[str], back: Backward) -> Iterator[str]:
    own = {one.quantity for one in back.equations if one.tags[0] in unit and one.quantity in mended}
    for tag in unit:
        reads = {q for one in back.equations if one.tags[0] == tag for q in one.reads}
        computes = {one.quantity for one in back.equations if one.tags[0] == tag}
        carries = any(quantity.endswith("_next") for quantity in computes)  # what it does may come back in time
        if computes & own or not reads & own or carries:
            yield tag


def _assigns(place: Place) -> bool:
    """Whether a place is a plain assignment of the whole variable that was wrong, at every step."""
    if place.certainty != "confirmed" or place.step not in _EVERY:
        return False
    try:
        statement = ast.parse(place.source.strip()).body
        variable = ast.unparse(ast.parse(place.variable, mode="eval"))
    except SyntaxError:
        return False
    return (
        len(statement) == 1
        and isinstance(statement[0], ast.Assign)
        and [ast.unparse(target) for target in statement[0].targets] == [variable]
    )
