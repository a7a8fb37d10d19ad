"""Mistakes that break several equations at once, and are each one line: written too early or too late, cut off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.diagnosis.adjoints import SUMMED
from harness.diagnosis.judging import Judged, Traced
from harness.diagnosis.readings import Build, custom
from harness.diagnosis.structures import LOOP, Structure, structures


def too_early(judged: Judged, state: str) -> bool:
    """Whether what is carried of a state is computed before the step reads what it was carried: it gets its own.

    What goes wrong at the first visit alone may come of what the loop starts from, unless that is declared.
    """

    def own(case: Traced) -> dict[str, np.ndarray]:
        order, carried = case.backward.order, case.values[f"d{state}_next"]
        shifted = np.zeros_like(carried)
        shifted[list(order[:-1])] = carried[list(order[1:])]
        return {f"d{state}_next": shifted, f"d{state}_end": carried[order[0]] if order else np.zeros_like(carried[0])}

    name = f"d{state}"
    if f"{name}_end" in judged.cases[0].missing and not judged.beyond_first(name):
        return False
    return name not in judged.instead(own).broken


def written_late(judged: Judged, wrong: set[str]) -> set[str]:
    """Without the sums' own reading, where what they read was written at other steps by lines that are broken."""
    found = set(wrong)
    for quantity in [q for q in wrong if q.endswith(SUMMED)]:
        whole = quantity.removesuffix(SUMMED)
        n = judged.backward.parts_of(whole)
        parts = [one.quantity for one in judged.backward.equations if one.quantity.startswith(f"{whole}_")][:n]
        masks = [case.broken[quantity] for case in judged.cases if quantity in case.broken]
        if n:
            blocks = np.any([mask.reshape(-1, n, mask.shape[-1] // n).any(axis=(0, 2)) for mask in masks], axis=0)
            writers = {part for part, block in zip(parts, blocks, strict=True) if block}
        else:
            writers = {whole}
        restacked = whole in wrong and len(writers) <= len(wrong.intersection(parts))  # whose block is whose, who knows
        if writers <= wrong or restacked:
            found.discard(quantity)
    return found


def cut_off(judged: Judged, build: Build) -> tuple[Structure | None, set[str]]:
    """What cuts off all states' carries at the same steps, and which of these are not otherwise broken."""
    states = judged.backward.model.equations.STATES
    names = [f"d{state}_next" for state in states]
    if len(states) < 2 or not set(names) <= judged.broken:
        return None, set()
    rows, some_kept = [], False
    for case in judged.cases:
        live = [t for t in range(case.backward.T) if all(case.expected[q][t].any() for q in names)]
        zero = [{t for t in live if not case.values[q][t].any()} for q in names]
        if any(one != zero[0] for one in zero):
            return None, set()
        rows.append(zero[0])
        some_kept |= len(zero[0]) < len(live)
    if not some_kept or not any(rows):
        return None, set()
    by_case = {c.backward.case.fingerprint: {"cut": sorted(zero)} for c, zero in zip(judged.cases, rows, strict=True)}
    words = f"{' and '.join(names)} are cut off at some steps"
    structure = _usual_cut(judged, rows, build) or custom(LOOP, words, by_case)
    return structure, {q for q in names if not _besides(judged, q, rows)}


def _usual_cut(judged: Judged, rows: Sequence[set[int]], build: Build) -> Structure | None:
    longest = max(range(len(rows)), key=lambda k: len(rows[k]))
    case = judged.cases[longest].backward.case
    usual = (one for one in structures(judged.backward.model) if LOOP in one.tags)
    return next((one for one in usual if set(build(case, one).cut) == rows[longest]), None)


def _besides(judged: Judged, quantity: str, rows: Sequence[set[int]]) -> bool:
    """Whether a quantity is broken at other steps than these of each case."""
    masks = (case.broken.get(quantity) for case in judged.cases)
    return any(
        mask is not None and any(mask[t].any() for t in range(len(mask)) if t not in zero)
        for mask, zero in zip(masks, rows, strict=True)
    )
