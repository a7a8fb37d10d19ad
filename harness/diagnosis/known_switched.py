"""A handgrad that holds many planted faults at once, each to be switched on: compiled once, for a search among them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from textwrap import indent

import numpy as np

from harness.bank.compiled import Edit
from harness.bank.fault import Fault
from harness.bank.reading import tree_of
from harness.case import Case
from harness.diagnosis import known_together

#: faults and a case in, the gradients of a handgrad with these faults out
Gradients = Callable[[Sequence[Fault], Case], Mapping[str, np.ndarray]]
_ON = "_on"  #: the faulted functions' name for which fault of a line is on: {(function, line): number}


def gradients(groups: Sequence[Sequence[Fault]]) -> Gradients:
    """As `known_together.gradients` gives them, for faults of these groups, one of each at most.

    Faults that cannot be switched (heads of loops, lines that two groups share) are compiled one combination by one.
    """
    owners: dict[tuple[str, int], set[int]] = defaultdict(set)
    for k, group in enumerate(groups):
        for fault in group:
            for edit in fault.edits:
                owners[fault.function, edit.number].add(k)
    originals = {place: original for place in owners if (original := _original(*place))}
    single = {place for place, own in owners.items() if len(own) == 1 and place in originals}
    able = [fault for group in groups for fault in group if all(place in single for place in _places(fault))]
    on: dict[tuple[str, int], int] = {}
    numbers = {fault.id: number for number, fault in enumerate(able, start=1)}
    edits = {function: _edits(function, able, numbers, originals) for function in {fault.function for fault in able}}
    run = known_together.around(edits, {_ON: on})

    def together(faults: Sequence[Fault], case: Case) -> Mapping[str, np.ndarray]:
        if not all(fault.id in numbers for fault in faults):
            return known_together.gradients(faults, case)
        on.clear()
        on.update({place: numbers[fault.id] for fault in faults for place in _places(fault)})
        return known_together.answer(run, case)

    return together


def _places(fault: Fault) -> list[tuple[str, int]]:
    return [(fault.function, edit.number) for edit in fault.edits]


def _original(function: str, number: int) -> str:
    """The statement on a line; empty for the head of a loop."""
    found = [node for node in ast.walk(tree_of(function)) if isinstance(node, ast.stmt) and node.lineno == number]
    return "" if isinstance(found[0], ast.For | ast.If) else ast.unparse(found[0])


def _edits(
    function: str, faults: Sequence[Fault], numbers: Mapping[str, int], originals: Mapping[tuple[str, int], str]
) -> tuple[Edit, ...]:
    """On each line one choice between its faults and what stands there."""
    by_line: dict[int, list[tuple[int, Edit]]] = defaultdict(list)
    for fault in faults:
        if fault.function == function:
            for edit in fault.edits:
                by_line[edit.number].append((numbers[fault.id], edit))
    return tuple(
        Edit(line, (_choice(f"{_ON}.get(({function!r}, {line}))", some, originals[function, line]),))
        for line, some in by_line.items()
    )


def _choice(which: str, some: Sequence[tuple[int, Edit]], original: str) -> str:
    lines = [f"_which = {which}", f"if _which is None:\n{indent(original, '    ')}"]
    for number, edit in some:
        body = indent("\n".join(edit.statements), "    ")
        lines.append(f"elif _which == {number}:\n{body}")
    return "\n".join(lines)
