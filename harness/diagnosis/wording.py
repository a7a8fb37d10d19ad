"""Broken equations in plain words: the planted fault that behaves the same, what stands there instead, the pattern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from harness.bank.fault import TAPE
from harness.diagnosed import Equation, Fault, Status
from harness.diagnosis import known, parts
from harness.diagnosis.asking import Asked
from harness.diagnosis.backward import SEVERAL
from harness.diagnosis.box import Outside, backward
from harness.diagnosis.known_trials import trials
from harness.diagnosis.known_words import told
from harness.diagnosis.structures import LOOP
from harness.diagnosis.texts import equations
from harness.diagnosis.values import Values, Wrong
from references.model import Model

#: of at most so many units are planted faults looked for together, for so many seconds
_TOGETHER, _SECONDS = 3, 1.5
NO_VALUES = "does not hold; from outside what it gives instead cannot be seen"
NO_WORDS = "in no way that we know"
NEVER = "the recurrent adjoint never arrives"


class Named(NamedTuple):
    """What is broken, and the words for it."""

    found: Outside
    values: Values | None
    faults: tuple[Fault, ...]


def named(ask: Asked, found: Outside, planted: bool = True) -> Named:
    """The broken equations of ``found``, those of a stack told apart where that is possible, and a fault for each.

    ``planted``: faults of the bank are looked for; they are of a candidate whose forward pass is that of the cell.
    """
    found = replace(found, units=tuple(_whole(unit, found, ask.model) for unit in found.units))
    if not found.units:
        return Named(found, None, ())
    values = Values(found)
    if found.structure is not None and len(found.units) == 1:
        return Named(found, values, (Fault(found.units[0], found.structure.sentence),))
    twins = _twins(ask, found) if planted else ()
    if not twins and (finer := parts.split(found)) != found:
        found, values = finer, Values(finer)
        twins = _twins(ask, found) if planted else ()
    return Named(found, values, twins or by_values(found, values, ask.model))


def by_values(found: Outside, values: Values, model: Model) -> tuple[Fault, ...]:
    """A fault for every unit, told from what stands in the equation's place."""
    named = found.structure is not None and bool(found.structure.tags)
    first = (Fault(found.units[0], found.structure.sentence),) if named and found.structure else ()
    told = (_by_values(unit, values, model) for unit in found.units[len(first) :])
    return (*first, *(_arriving(fault, model) for fault in told))


def _whole(unit: tuple[str, ...], found: Outside, model: Model) -> tuple[str, ...]:
    """The unit with every equation by which handgrad computes the same quantity: nothing tells these apart."""
    if not found.answered:
        return unit
    by_first = {one.tags[0]: one.tags for one in backward(found.answered[0].probe.case).equations}
    every = (tag for first in unit for tag in by_first.get(first, (first,)))
    return tuple(dict.fromkeys(tag for tag in every if tag != "7*n" or model.reduction != "sum"))


def _twins(ask: Asked, found: Outside) -> tuple[Fault, ...]:
    """Planted faults, one for each unit, that together behave as the candidate."""
    if not found.explained or len(found.units) > _TOGETHER:
        return ()
    tags = [set(unit) for unit in found.units]
    if len(tags) == 1:
        asked = trials(ask, ask.model, ask.make, ask.coarse)
        same = known.equals(asked, known.ordered(ask.model, tags[0]))
    else:
        same = known.together(ask, ask.model, ask.make, tags, seconds=_SECONDS, coarse=ask.coarse)
    faults = (told(one, _led(unit, one.equation)) for one, unit in zip(same, found.units, strict=False))
    return tuple(_arriving(fault, ask.model) for fault in faults)


def _led(unit: Sequence[str], tag: str) -> tuple[str, ...]:
    """The unit with this equation first; nothing of it where the equation is another one."""
    return (tag, *(other for other in unit if other != tag)) if tag in unit else ()


def _by_values(unit: tuple[str, ...], values: Values, model: Model) -> Fault:
    wrong = values.wrong(unit)
    if not wrong:
        return Fault(unit, f"it {NO_VALUES}")
    best = wrong[0]
    use = equations(model.cell).get(best.tag, "")
    use = f"use {use}" if use else ""
    tags = _led(unit, best.tag)
    if best.instead:
        return Fault(tags, best.instead, use, best.pattern)
    if best.pattern:
        return Fault(tags, f"{best.quantity.removesuffix('_summed')} is wrong: {best.pattern}", use, best.pattern)
    where = f" {best.where}" if best.where else ""
    return Fault(tags, f"{best.quantity.removesuffix('_summed')} is wrong{where}, {NO_WORDS}", use)


def _arriving(fault: Fault, model: Model) -> Fault:
    """A state's adjoint that is handed on by no step never arrives at the step before."""
    text = equations(model.cell).get(fault.tags[0], "") if fault.tags else ""
    quantity = text.partition(" = ")[0]
    carried = quantity in {f"d{state}_next" for state in model.equations.STATES}
    zero = fault.pattern == "exactly zero" or fault.known.endswith("/zero")
    if not (carried and zero):
        return fault
    return replace(fault, sentence=f"{NEVER}: {quantity} is zero at every step")


def listed(model: Model, found: Outside | None, values: Values | None) -> tuple[Equation, ...]:
    """All equations of the model's backward pass, each with what was seen of it."""
    texts = equations(model.cell)
    units = {tag: unit for unit in (found.units if found else ()) for tag in unit}
    shown = parts.shown(found) if found else frozenset()
    quantities = _quantities(found)
    rows = []
    for tag in _tags(model, found):
        unit = units.get(tag, ())
        wrong = _worst(tag, unit, values) if unit and values is not None else None
        status: Status = "holds" if tag in shown or (tag == LOOP and shown) else "untested"
        if unit:
            status = "broken" if len(unit) == 1 else "alternative"
        rows.append(
            Equation(
                tag,
                texts.get(tag, "what backward reads is what forward kept"),
                quantities.get(tag, ""),
                status,
                unit if len(unit) > 1 else (),
                wrong.error if wrong else float("nan"),
                wrong.where if wrong else "",
            )
        )
    return tuple(rows)


def _quantities(found: Outside | None) -> dict[str, str]:
    """What each equation computes, by its number."""
    if found is None or not found.answered:
        return {}
    own = backward(found.answered[0].probe.case).equations
    pairs = [(tag, one.quantity) for one in own for tag in one.tags if SEVERAL not in tag]
    return dict(reversed(pairs))


def _worst(tag: str, unit: Sequence[str], values: Values) -> Wrong | None:
    return next((one for one in values.wrong(unit) if one.tag == tag), None)


def _tags(model: Model, found: Outside | None) -> Iterator[str]:
    """The numbers of the equations that the model has, in the order of the backward pass."""
    if found is not None and TAPE in found.broken:
        yield TAPE
    own: set[str] = {LOOP}
    if found is not None and found.answered:
        for one in backward(found.answered[0].probe.case).equations:
            own.update(part for tag in one.tags for part in tag.split(SEVERAL))
    own -= {"7*n"} if model.reduction == "sum" else set()
    yield from (tag for tag in equations(model.cell) if tag in own or found is None)
