"""The trace of a faulted handgrad: its backward with a recording statement behind every tagged line.

What is recorded is named as in a declared trace. A quantity of a step is taken behind its line, as it stands then;
``dh_end`` and ``dc_end`` are what the loop starts from, ``da_summed`` is the stacked da that the sums read, ``tape_q``
is q as backward reads it, and ``order`` the steps in the order of the loop. Only the loss ``cotangent`` is traced.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

import numpy as np

import handgrad
from handgrad import cells
from handgrad.model import COTANGENT
from harness.bank.compiled import Edit
from harness.bank.fault import Fault
from harness.bank.lines import tagged
from harness.bank.reading import tree_of
from harness.bank.statements import Statement, unpackings
from harness.case import Case
from harness.diagnosis.known_together import answer, around, merged

#: what the recording is called where the edited backward runs
_NAME = "recording"
#: the adjoint of all pre-activations: the loop writes it step by step, the sums read the whole of it
_WHOLE = "da"
#: of a state on the tape, those before each step
_BEFORE = "[:-1]"


class Recording:
    """What one run of backward tells of itself; of several runs, each through a window of steps, the sums."""

    def __init__(self) -> None:
        self._calls: list[tuple[int, dict[str, np.ndarray], dict[str, dict[int, np.ndarray]]]] = []
        self._order: list[int] = []
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self._calls, self._order = [], []

    def start(self, T: int) -> None:
        """A run through T steps begins."""
        self._calls.append((T, {}, defaultdict(dict)))

    def visit(self, t: int) -> None:
        """The loop comes to a step."""
        self._order.append(t + self._first(len(self._calls) - 1))

    def whole(self, name: str, value: np.ndarray) -> None:
        """A quantity that is no step's, or of all steps at once."""
        self._calls[-1][1][name] = np.array(value)

    def step(self, name: str, t: int, value: np.ndarray) -> None:
        """A quantity of a step; a later visit of the step replaces it."""
        self._calls[-1][2][name][t] = np.array(value)

    def _first(self, n: int) -> int:
        """The first step of the n-th run, counted from 0: one window ends at every step."""
        return n + 1 - self._calls[n][0] if n else 0

    def trace(self, T: int, steps: Sequence[str]) -> dict[str, np.ndarray]:
        """Everything, with T steps; what was never computed of ``steps`` is zero."""
        found: dict[str, np.ndarray] = {}
        for n, (own, wholes, parts) in enumerate(self._calls):
            rows = slice(self._first(n), self._first(n) + own)
            for name, value in wholes.items():
                at_rows = found.setdefault(name, np.zeros((T, *value.shape[1:]) if value.ndim > 2 else value.shape))
                part = at_rows[rows] if value.ndim > 2 else at_rows
                part[:] = value if name.startswith("tape_") else part + value
            for name, by_step in parts.items():
                for t, value in by_step.items():
                    found.setdefault(name, np.zeros((T, *value.shape)))[rows][t] += value
        for name in steps:
            found.setdefault(name, np.zeros_like(found[f"{_WHOLE}_summed" if name == _WHOLE else "G"]))
        return {**found, "order": np.array(self._order)}


def answers(faults: Sequence[Fault], case: Case) -> handgrad.Gradients:
    """Gradients and full trace of a handgrad with all these faults.

    Raises ValueError for two faults of one line, and where the faults together do not run.
    """
    run, recording, steps = _traced(tuple(faults), case.model.cell)
    recording.forget()
    grads = answer(run, case)
    return handgrad.Gradients(np.float64(0), grads, recording.trace(case.sizes["T"], steps))


@cache
def _traced(
    faults: tuple[Fault, ...], cell: str
) -> tuple[Callable[..., handgrad.Gradients], Recording, tuple[str, ...]]:
    by_function: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        if not fault.runs_with(COTANGENT):
            raise ValueError(f"fault: got {fault.id}, traced: those of models with the loss {COTANGENT}")
        by_function[fault.function].append(fault)
    edits = {function: merged(some) for function, some in by_function.items()}
    backward = f"{cells.get(cell).__name__}:backward"
    edits[backward] = tuple(_recorded(backward, {edit.number: edit.statements for edit in edits.get(backward, ())}))
    recording = Recording()
    steps = tuple(dict.fromkeys(line.quantity for line in tagged(backward) if line.in_loop))
    return around(edits, {_NAME: recording}), recording, steps


def _recorded(function: str, edits: Mapping[int, tuple[str, ...]]) -> Iterator[Edit]:
    """Edits that leave every statement as it is, or as a fault has it, and record around it."""
    original = {node.lineno: node for node in ast.walk(tree_of(function)) if isinstance(node, ast.stmt)}
    before, after = _around(function)
    for number in sorted({*edits, *before, *after}):
        own = edits.get(number) or (ast.unparse(original[number]),)
        yield Edit(number, (*before.get(number, ()), *own, *after.get(number, ())))


def _around(function: str) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Recording statements before and behind statements, by the number of these."""
    before, after = defaultdict(list), defaultdict(list)
    lines = tagged(function)
    looped = [line for line in lines if line.in_loop]
    before[looped[0].number].append(f"{_NAME}.visit(t)")
    outer = next(line for line in lines if not line.in_loop and not line.enters)
    before[outer.number].append(f"{_NAME}.whole('{_WHOLE}_summed', {_WHOLE})")
    for line in looped:
        value = f"{line.root}[t]" if line.target.endswith("[t]") else line.root
        after[line.number].append(f"{_NAME}.step('{line.quantity}', t, {value})")
    entries = [line for line in lines if line.enters]
    after[entries[0].number].append(f"{_NAME}.start(len(G))")  # behind the first entry all arguments are there
    after[entries[0].number].append(f"{_NAME}.whole('G', G)")
    for line in entries:
        state = line.quantity.removeprefix("d").removesuffix("_next")
        after[line.number].append(f"{_NAME}.whole('d{state}_end', {line.quantity})")
        after[line.number].append(f"{_NAME}.whole('G_{state}', final['{state}'])")
    for statement in unpackings(function):
        for name in _of_the_tape(function, statement):
            array = name + _BEFORE if name in cells.get(_cell(function)).STATES else name
            after[entries[0].number].append(f"{_NAME}.whole('tape_{name}', {array})")
    return before, after


def _of_the_tape(function: str, statement: Statement) -> list[str]:
    """The states and gates that a statement takes from the tape."""
    cell = cells.get(_cell(function))
    gates = cell.GATES if len(cell.GATES) > 1 else ()
    return [name for name in statement.targets if name in (*cell.STATES, *gates)]


def _cell(function: str) -> str:
    return function.split(":")[0].rpartition(".")[2]
