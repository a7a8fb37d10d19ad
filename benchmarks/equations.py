"""How far equations are found: ``python -m benchmarks.equations [--limit N] [--trace]``, into docs/diagnosis.md.

Faults of the bank, alone, in pairs and in triples, drawn afresh; what is right is the union of their equations, those
of faults of equal behaviour included. Sets in which a member is masked are left out, and so are those whose effect no
probe shows. They are found from outside, with and without cotangents of the final states, and with a full trace, which
alone is measured with ``--trace``.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np

import handgrad
from benchmarks import pages, traced
from harness.bank.catalogue import catalogue
from harness.bank.classes import FaultClass, classes
from harness.bank.fault import Fault
from harness.bank.lines import tagged
from harness.candidate import InProcess
from harness.case import Case
from harness.diagnosis.asking import Asked
from harness.diagnosis.box import Outside, outside
from harness.diagnosis.known_together import gradients, possible
from harness.diagnosis.probes import probes
from references.model import Model

PAGE = Path(__file__).resolve().parent.parent / "docs" / "diagnosis.md"
CELLS = ("rnn", "lstm")
#: in words; whether the cotangent has final states; whether a full trace is declared
SEEN = (
    ("gradients", True, False),
    ("gradients, without cotangents of the final states", False, False),
    ("full trace", True, True),
)
#: relative to the largest entry of an array: by less, gradients are equal
_EQUAL = 1e-9


class Drawn:
    """Faults of one cell, drawn from the classes that its cotangent shows."""

    def __init__(self, cell: str, ends: bool) -> None:
        self.model = Model(cell, "tanh", "cotangent", "sum", 2, False)
        self._ends = ends
        by_id = {fault.id: fault for fault in catalogue(cell, weak=False)}
        own = [one for one in classes() if by_id.get(one.representative) and by_id[one.representative].cell == cell]
        self._classes: Mapping[str, FaultClass] = {one.representative: one for one in own}
        self._faults = by_id

    def sets(self, size: int, seed: int) -> Iterator[tuple[Fault, ...]]:
        """Sets of so many faults that can stand together, and that no fewer of them behave like."""
        rng = random.Random(f"{seed} {size} {self.model.cell}")
        names = sorted(self._classes)
        while True:
            faults = tuple(self._faults[name] for name in rng.sample(names, size))
            if possible(faults) and self.shows(faults):
                yield faults

    def shows(self, faults: tuple[Fault, ...]) -> bool:
        """Whether they behave otherwise than any fewer of them, or none."""
        try:
            whole = self._gradients(faults)
            fewer = (some for size in range(len(faults)) for some in combinations(faults, size))
            return all(_unlike(whole, self._gradients(some)) for some in fewer)  # some may cancel each other, or all
        except (ValueError, FloatingPointError):  # together they do not run
            return False

    def _gradients(self, faults: tuple[Fault, ...]) -> list[dict[str, np.ndarray]]:
        ask = self.ask(faults)
        return [grads for probe in probes(self.model, ask.make) if (grads := ask(probe.case)) is not None]

    def ask(self, faults: Sequence[Fault], trace: bool = False) -> Asked:
        """The faulted backward as a candidate, which declares its full trace or none."""

        def faulted(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
            with np.errstate(all="ignore"):
                if trace:
                    return traced.answers(faults, Case(model, arrays, "probe"))
                grads = gradients(list(faults), Case(model, arrays, "probe"))
            return handgrad.Gradients(np.float64(0), grads, {})

        asked = Asked(InProcess(faulted), self.model)
        if not self._ends:
            plain = asked.make
            asked.make = lambda sizes, seed=0: _without_ends(plain(sizes, seed))  # type: ignore[method-assign]
        return asked

    def right(self, faults: Sequence[Fault]) -> list[set[str]]:
        """For each fault the equations that may be said to be broken."""
        return [
            {tag for name in self._classes[one.id].members for tag in _broken(self._faults[name])} for one in faults
        ]


def _broken(fault: Fault) -> set[str]:
    """The equation that a fault breaks; where it exchanges what two lines give, those of both."""
    exchanged = {edit.number for edit in fault.edits} if fault.kind == "stacking" and len(fault.edits) > 1 else set()
    return {fault.equation} | {line.tag for line in tagged(fault.function) if line.number in exchanged}


def _without_ends(case: Case) -> Case:
    kept = {name: array for name, array in case.arrays.items() if name not in case.model.optional}
    return replace(case, arrays=kept)


def _unlike(one: Sequence[Mapping[str, np.ndarray]], other: Sequence[Mapping[str, np.ndarray]]) -> bool:
    pairs = [(a[name], b[name]) for a, b in zip(one, other, strict=True) for name in a]
    if not all(np.isfinite(a).all() for a, _ in pairs):
        return False
    return any(np.abs(a - b).max() > _EQUAL * max(np.abs(a).max(), np.abs(b).max()) for a, b in pairs)


def hit(found: Outside | None, right: Sequence[set[str]]) -> bool:
    """Whether every fault is in some unit, and every unit has a fault."""
    units = found.units if found else ()
    return all(any(set(u) & one for u in units) for one in right) and all(any(set(u) & o for o in right) for u in units)


@cache
def drawn(cell: str, ends: bool) -> Drawn:
    """The faults of a cell."""
    return Drawn(cell, ends)


def measured(
    cell: str,
    size: int,
    ends: bool,
    limit: int,
    seed: int,
    told: Callable[[str], None] = print,
    trace: bool = False,
) -> tuple[float, float, float, float]:
    """The share found, the median seconds, the largest number of calls, and the mean size of a unit."""
    source, hits, took, calls, units = drawn(cell, ends), 0, [], 0, []
    sets = source.sets(size, seed)
    for _ in range(limit):
        faults = next(sets)
        ask = source.ask(faults, trace)
        started = time.perf_counter()
        found = outside(ask)
        took.append(time.perf_counter() - started)
        calls = max(calls, ask.calls)
        units += [len(unit) for unit in found.units] if found else []
        if hit(found, source.right(faults)):
            hits += 1
        else:
            told(f"  {' + '.join(fault.id for fault in faults)}: {found.units if found else 'nothing'}")
    return hits / limit, statistics.median(took), calls, statistics.mean(units)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and put the table into the page where the whole of it was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cell", choices=CELLS)
    parser.add_argument("--size", type=int)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--trace", action="store_true", help="with a full trace alone")
    given = parser.parse_args(arguments)
    lines = ["| cell | faults | seen | drawn | found | median s | calls | mean unit |",
             "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    print("\n".join(lines), flush=True)
    for seen, ends, trace in SEEN:
        if given.trace and not trace:
            continue
        for cell in [given.cell] if given.cell else CELLS:
            for size in [given.size] if given.size else (1, 2, 3):
                told = (lambda text: None) if given.quiet else print
                share, seconds, calls, unit = measured(cell, size, ends, given.limit, given.seed, told, trace)
                figures = f"{given.limit} | {share:.1%} | {seconds:.2g} | {calls} | {unit:.2f}"
                lines.append(f"| {cell} | {size} | {seen} | {figures} |")
                print(lines[-1], flush=True)
    if not (given.cell or given.size or given.trace) and given.limit >= 400:
        pages.insert(PAGE, "equations", "\n".join(lines))


if __name__ == "__main__":
    main()
