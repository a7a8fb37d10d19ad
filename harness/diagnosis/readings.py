"""How a traced backward goes: the order of its loop and what it reads of the tape, as declared or as it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.bank.fault import TAPE
from harness.case import Case
from harness.diagnosis.adjoints import SUMMED
from harness.diagnosis.backward import Backward
from harness.diagnosis.judging import Judged, Traced
from harness.diagnosis.structures import LOOP, Structure, structures

Build = Callable[[Case, Structure | None], Backward]
#: Of the ways to read a tape that explain one case best, so many are tried on all.
_TRIED = 3
#: relative to the largest entry
_EQUAL = 1e-9
#: as a cost: what mends one equation is taken
_HALF = 0.5


def custom(tag: str, words: str, by_case: Mapping[str, Mapping[str, Any]]) -> Structure:
    """A mistake that is none of the usual: what `Backward` is to be built with, by the case's fingerprint."""
    return Structure((tag,), words, lambda case: Backward(case, **by_case.get(case.fingerprint, {})))


def ordered(judged: Judged, build: Build) -> tuple[Judged, Structure | None]:
    """The cases with the loop that they have, and what is wrong with it."""
    if any(case.order is not None for case in judged.cases):
        return _as_visited(judged, build)
    loops = [one for one in _of(judged, LOOP) if not _built(judged, one, build).cut]
    skipped = [_skipped(case) for case in judged.cases]
    fitting = [one for one in loops if _fits([_misses(case, build, one) for case in judged.cases], skipped)]
    if not fitting and {f"d{state}" for state in judged.backward.model.equations.STATES} <= judged.broken:
        fitting = loops
    return _best(judged, fitting, build, cost=_HALF)


def _as_visited(judged: Judged, build: Build) -> tuple[Judged, Structure | None]:
    visits = {case.backward.case.fingerprint: _last_visits(case) for case in judged.cases}

    def of(case: Traced) -> tuple[tuple[int, ...], frozenset[int]]:
        return visits[case.backward.case.fingerprint]

    if all(of(case) == (_sound(case), frozenset()) for case in judged.cases):
        return judged, None
    known = (one for one in _of(judged, LOOP) if all(_like(case, one, of(case), build) for case in judged.cases))
    structure = next(known, None)
    if structure is None:
        longest = max((case.order or () for case in judged.cases), key=len)
        words = f"the loop visits the steps in the order {', '.join(str(t + 1) for t in longest)}"
        structure = custom(LOOP, words, {name: {"order": order} for name, (order, _) in visits.items()})
    cases = [replace(c, backward=build(c.backward.case, structure), untested=of(c)[1]) for c in judged.cases]
    return Judged(cases), structure


def _like(case: Traced, structure: Structure, visits: tuple[tuple[int, ...], frozenset[int]], build: Build) -> bool:
    built = build(case.backward.case, structure)
    return not built.cut and (built.order, frozenset()) == visits


def _sound(case: Traced) -> tuple[int, ...]:
    return tuple(range(case.backward.T - 1, -1, -1))


def _last_visits(case: Traced) -> tuple[tuple[int, ...], frozenset[int]]:
    """The steps in the order of their last visits, and those whose predecessor then is not known any more."""
    order = _sound(case) if case.order is None else case.order
    once = tuple(reversed(dict.fromkeys(reversed(order))))
    if len(order) == len(once):
        return once, frozenset()
    sweeps = order == once * (len(order) // len(once))
    return once, frozenset(once[:1] if sweeps else once)


def read(judged: Judged, loop: Structure | None, build: Build) -> tuple[Judged, Structure | None]:
    """The cases with the tape as they read it, and what is wrong with that."""
    declared = [case for case in judged.cases if case.tape]
    if declared:
        if all(_equal(case.tape, case.backward.forward) for case in declared):
            return judged, None
        known = next((one for one in _of(judged, TAPE) if all(_reads(c, one, build) for c in declared)), None)
        by_case = {case.backward.case.fingerprint: {"tape": case.tape} for case in declared}
        wrong = sorted({q for case in declared for q in case.tape if not _equal(case.tape, case.backward.forward, q)})
        words = f"backward reads {' and '.join(wrong)} other than forward kept {'it' if len(wrong) == 1 else 'them'}"
        structure = known or custom(TAPE, words, by_case)
        return judged.under(_with(loop, structure, build)), structure
    if len(judged.broken) < 2:
        return judged, None
    first = Judged(judged.cases[:1])
    ranked = sorted(_of(judged, TAPE), key=lambda one: len(first.under(_with(loop, one, build)).broken))
    return _best(judged, ranked[:_TRIED], build, cost=1.0, loop=loop)


def _reads(case: Traced, structure: Structure, build: Build) -> bool:
    return _equal(case.tape, build(case.backward.case, structure).tape)


def _equal(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], only: str = "") -> bool:
    names = [only] if only else list(one)
    return all(np.abs(one[q] - other[q]).max() <= _EQUAL * np.abs(other[q]).max() for q in names)


def _with(loop: Structure | None, tape: Structure, build: Build) -> Callable[[Traced], Backward]:
    """Backward with the order of the one and the tape of the other."""

    def made(case: Traced) -> Backward:
        own = build(case.backward.case, tape)
        if loop is None:
            return own
        return Backward(own.case, tape=own.mistaken, order=case.backward.order)

    return made


def _best(
    judged: Judged, possible: Sequence[Structure], build: Build, cost: float, loop: Structure | None = None
) -> tuple[Judged, Structure | None]:
    """The reading with which least is broken, a mistake in it costing as much as ``cost`` equations."""
    best, chosen, least = judged, None, float(len(judged.broken))
    for structure in possible:
        other = judged.under(_with(loop, structure, build))
        if len(other.broken) + cost < least:
            best, chosen, least = other, structure, len(other.broken) + cost
    return best, chosen


def _skipped(case: Traced) -> frozenset[int]:
    """The steps of which nothing was computed, though something is to be."""
    return frozenset(t for t in _live(case) if not any(case.values[q][t].any() for q in _of_steps(case)))


def _misses(case: Traced, build: Build, structure: Structure) -> frozenset[int]:
    """The same of a mistake in the loop."""
    return _live(case).difference(build(case.backward.case, structure).order)


def _fits(missed: Sequence[frozenset[int]], skipped: Sequence[frozenset[int]]) -> bool:
    """Whether what a loop misses is skipped; what nothing arrives at any more is skipped too, but not in every case."""
    pairs = list(zip(missed, skipped, strict=True))
    return all(steps <= gone for steps, gone in pairs) and any(steps and steps == gone for steps, gone in pairs)


def _live(case: Traced) -> frozenset[int]:
    """The steps of which something is to be computed."""
    right = case.backward.right
    return frozenset(t for t in range(case.backward.T) if any(right[q][t].any() for q in _of_steps(case)))


def _of_steps(case: Traced) -> list[str]:
    """The adjoints that the loop computes."""
    T, B = case.backward.T, case.backward.B
    own = (one.quantity for one in case.backward.equations if not one.graded and one.reads)
    return [q for q in own if q != "G" and case.backward.shapes[q][:2] == (T, B) and not q.endswith(SUMMED)]


def _of(judged: Judged, tag: str) -> list[Structure]:
    return [one for one in structures(judged.backward.model) if tag in one.tags]


def _built(judged: Judged, structure: Structure, build: Build) -> Backward:
    longest = max(judged.cases, key=lambda case: case.backward.T)
    return build(longest.backward.case, structure)
