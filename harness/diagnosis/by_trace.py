"""A full trace: every equation tested by itself, on the candidate's own declared values.

An equation holds where what it computes is what its neighbours, as declared, make of it. Mistakes that are no single
equation's show as well: the order of the loop, what is cut off, what is read of the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.case import Case
from harness.diagnosis.adjoints import SUMMED
from harness.diagnosis.backward import SEVERAL, Adjoint, Backward
from harness.diagnosis.doubting import doubted
from harness.diagnosis.judging import Judged, Traced
from harness.diagnosis.one_mistake import cut_off, too_early, written_late
from harness.diagnosis.readings import custom, ordered, read
from harness.diagnosis.structures import LOOP, Structure

if TYPE_CHECKING:
    from harness.diagnosis.box import Answered

Build = Callable[[Case, Structure | None], Backward]


@dataclass(frozen=True)
class Shown:
    """What a full trace shows."""

    units: tuple[tuple[str, ...], ...]  #: a mistake of the loop or the tape first
    structure: Structure | None
    notes: tuple[str, ...] = ()


def full(trace: Mapping[str, np.ndarray], backward: Backward) -> bool:
    """Whether a trace has every adjoint of the steps: what enters, and what sums read, may be missing."""
    return all(
        one.quantity in trace
        for one in backward.equations
        if not one.graded and one.quantity != "G" and one.reads and not one.quantity.endswith(("_end", SUMMED))
    )


def shown(answered: Sequence[Answered], tolerance: float, build: Build) -> Shown | None:
    """The equations that a full trace shows to be broken; None where the trace of no probe is full."""
    cases = [(one, build(one.probe.case, None)) for one in answered if one.trace]
    judged = Judged([_traced(one, back, tolerance) for one, back in cases if full(one.trace, back)])
    if not judged.cases:
        return None
    judged, loop = ordered(judged, build)
    judged, tape = read(judged, loop, build)
    judged, notes = doubted(judged)
    wrong = set(judged.broken)
    for state in judged.backward.model.equations.STATES:
        if {f"d{state}", f"d{state}_next"} <= wrong and too_early(judged, state):
            wrong.discard(f"d{state}")
    wrong = written_late(judged, wrong)
    cut, explained = cut_off(judged, build)
    wrong -= explained
    mistakes = [one for one in (loop or cut, tape) if one is not None]
    tags = [(one.tags[0],) for one in mistakes]
    structure = mistakes[0] if len(mistakes) == 1 else _together(judged, mistakes) if mistakes else None
    missing = judged.cases[0].missing
    equations = (one for one in judged.backward.equations if one.quantity in wrong)
    units = (unit for one in equations for unit in _units(judged, one, missing))
    return Shown(tuple(dict.fromkeys([*tags, *units])), structure, notes)


def _traced(one: Answered, backward: Backward, tolerance: float) -> Traced:
    """A probe's values; of what is not declared, what enters is taken to be right, and what is summed to be all."""
    values: dict[str, np.ndarray] = {f"d{name}": grad for name, grad in one.grads.items()}
    values |= {name: np.asarray(value) for name, value in one.trace.items()}
    missing = frozenset(q.quantity for q in backward.equations if q.quantity not in values)
    for equation in backward.equations:
        q = equation.quantity
        if q in missing:
            values[q] = values[q.removesuffix(SUMMED)] if q.endswith(SUMMED) else backward.right[q]
    return Traced(backward, values, tolerance, one.declared.order, one.declared.tape, missing)


def _together(judged: Judged, mistakes: Sequence[Structure]) -> Structure:
    """Several mistakes as one backward."""
    by_case: dict[str, dict[str, Any]] = {}
    for case in (case.backward.case for case in judged.cases):
        loop, tape = (one.build(case) for one in mistakes)
        by_case[case.fingerprint] = {"order": loop.order, "cut": loop.cut, "tape": tape.mistaken}
    return custom(LOOP, "; ".join(one.sentence for one in mistakes), by_case)


def _units(judged: Judged, equation: Adjoint, missing: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """The equation, with those that could be wrong in its place where what they compute is not declared."""
    several = equation.tags[0].split(SEVERAL)
    if len(several) > 1:
        yield from ((tag,) for tag in several)
        return
    instead, to_see = [], [q for q in equation.reads if q in missing and _could_be(judged, equation.quantity, q)]
    while to_see:
        one = judged.backward.by_quantity[to_see.pop(0)]
        instead.append(one.tags[0])
        to_see += [q for q in one.reads if q in missing]
    yield tuple(dict.fromkeys([*several, *instead]))


def _could_be(judged: Judged, quantity: str, read: str) -> bool:
    """Whether all that is broken of a quantity could come of one that it reads: the end is read by the first visit."""
    if not read.endswith("_end"):
        return not read.endswith(SUMMED)
    return not judged.beyond_first(quantity)
