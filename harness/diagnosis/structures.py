"""Mistakes that are no single equation's: the order of the loop, what is cut off, how gates are read and stacked.

Each is a backward pass whose equations all hold, of other steps, gates or states than they should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from harness.bank.fault import TAPE
from harness.case import Case
from harness.diagnosis.backward import Backward
from references.model import Model

LOOP = "1*t"
STACK = "1*"
#: after how many steps something may be cut off
_LENGTHS = (1, 2, 3, 4, 5, 8, 10)


@dataclass(frozen=True)
class Structure:
    """One such mistake."""

    tags: tuple[str, ...]  #: the equation that it breaks, and others that it cannot be told from
    sentence: str
    build: Callable[[Case], Backward]


def structures(model: Model) -> Iterator[Structure]:
    """All that a model's backward pass may have."""
    yield from _loops()
    yield from _cuts(model)
    yield from _tapes(model)
    yield from _stacks(model)


def _loops() -> Iterator[Structure]:
    def order(pick: Callable[[int], Sequence[int]], words: str) -> Structure:
        return Structure((LOOP,), words, lambda case: Backward(case, order=pick(case.sizes["T"])))

    yield order(lambda T: range(T - 1, 0, -1), "the loop leaves out the first step")
    yield order(lambda T: range(T - 2, -1, -1), "the loop leaves out the last step")
    yield order(lambda T: range(T - 2, 0, -1), "the loop leaves out the first and the last step")
    yield order(lambda T: range(T - 1, -1, -2), "the loop leaves out every second step")
    yield order(lambda T: range(1), "the loop runs over the first step alone")
    yield order(lambda T: range(T), "the loop runs forward in time")
    yield order(lambda T: range(T - 1), "the loop runs forward in time and leaves out the last step")
    yield order(lambda T: range(1, T), "the loop runs forward in time and leaves out the first step")
    for k in _LENGTHS:
        steps = "the last step" if k == 1 else f"the last {k} steps"
        yield order(lambda T, k=k: range(T - 1, max(T - 1 - k, -1), -1), f"the loop runs over {steps} alone")  # type: ignore[misc]


def _cuts(model: Model) -> Iterator[Structure]:
    states = model.equations.STATES
    carried = " and ".join(f"d{state}_next" for state in states)
    are = "are" if len(states) > 1 else "is"
    tags = (LOOP,) if len(states) > 1 else (LOOP, "1*h")

    def cut(pick: Callable[[int], list[int]], words: str) -> Structure:
        return Structure(tags, words, lambda case: Backward(case, cut=pick(case.sizes["T"])))

    for k in _LENGTHS[1:]:
        yield cut(
            lambda T, k=k: [t for t in range(T) if T - t >= k],  # type: ignore[misc]
            f"{carried} {are} cut off after {k} steps",
        )
        yield cut(
            lambda T, k=k: [t for t in range(1, T) if t % k == 0],  # type: ignore[misc]
            f"{carried} {are} cut off every {k} steps",
        )


def _tapes(model: Model) -> Iterator[Structure]:
    cell = model.equations

    def read(change: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]], words: str) -> Structure:
        return Structure((TAPE,), words, lambda case: Backward(case, tape=change(Backward(case).forward)))

    if len(cell.STATES) > 1:
        for one, two in permutations(cell.STATES, 2):
            if one < two:
                yield read(lambda v, a=one, b=two: {a: v[b], b: v[a]}, f"{two} and {one} of the tape are exchanged")  # type: ignore[misc]
    if len(cell.GATES) < 2:
        return
    gates = cell.GATES
    for other in permutations(gates):
        if other != gates:
            words = f"the gates are unpacked in the order {', '.join(other)} in place of {', '.join(gates)}"
            yield read(lambda v, o=other: {name: v[gates[k]] for k, name in enumerate(o)}, words)  # type: ignore[misc]
    moves: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "of the step before": lambda a: a[np.maximum(np.arange(len(a)) - 1, 0)],
        "of the step after": lambda a: a[np.minimum(np.arange(len(a)) + 1, len(a) - 1)],
        "in reversed time": lambda a: a[::-1],
        "of the batch entry before": lambda a: np.roll(a, 1, axis=1),
        "with the batch in reversed order": lambda a: a[:, ::-1],
    }
    for words, move in moves.items():
        yield read(lambda v, m=move: {name: m(v[name]) for name in gates}, f"all gates are read {words}")  # type: ignore[misc]


def _stacks(model: Model) -> Iterator[Structure]:
    gates = model.equations.GATES
    if len(gates) < 2:
        return
    for other in permutations(range(len(gates))):
        if other != tuple(range(len(gates))):
            names = ", ".join(gates[k] for k in other)
            words = f"da is stacked in the order {names} in place of {', '.join(gates)}"
            yield Structure((STACK,), words, lambda case, o=other: Backward(case, stack=o))  # type: ignore[misc]
    words = "da is stacked by hidden unit in place of by gate"
    yield Structure((STACK,), words, lambda case: Backward(case, stack="units"))
