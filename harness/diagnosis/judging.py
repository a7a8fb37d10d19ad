"""Every equation of a fully traced case judged by itself, on the values that the candidate declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from harness.diagnosis.adjoints import SUMMED
from harness.diagnosis.backward import Backward

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Traced:
    """A case, the candidate's value of every quantity in it, and how its backward is taken to go."""

    backward: Backward
    values: Arrays  #: gradients too, NaN where it gives none
    tolerance: float
    order: tuple[int, ...] | None = None  #: the steps that its loop visits, where declared
    tape: Arrays = field(default_factory=dict)  #: what it reads of the tape, where declared
    missing: frozenset[str] = frozenset()  #: quantities that are not declared; their values are made up
    untested: frozenset[int] = frozenset()  #: steps of which nobody knows what they were carried

    @cached_property
    def expected(self) -> Arrays:
        """What every equation makes of the values around it.

        What follows the loop reads arrays as they are then: the stacked adjoint as it is summed.
        """
        found = dict(self.backward.computed(self.values))
        later = {q.removesuffix(SUMMED): value for q, value in self.values.items() if q.endswith(SUMMED)}
        if any(not np.array_equal(self.values[q], value) for q, value in later.items()):
            then = self.backward.computed({**self.values, **later})
            found |= {one.quantity: then[one.quantity] for one in self.backward.equations if one.graded}
        return found

    @cached_property
    def broken(self) -> dict[str, np.ndarray]:
        """Of every quantity whose equation does not hold: at which entries."""
        names = [one.quantity for one in self.backward.equations]
        shapes = [self.values[q].shape for q in names]
        starts = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        mine, right = (_joined(values, names, shapes) for values in (self.values, self.expected))
        largest = np.fmax.reduceat(np.maximum(np.nan_to_num(np.abs(mine)), np.abs(right)), starts[:-1])
        by_name = dict(zip(names, largest.tolist(), strict=True))
        scales = [max(by_name[q] for q in (one.quantity, *one.reads)) for one in self.backward.equations]
        with np.errstate(invalid="ignore"):  # what it does not give is not wrong
            wrong = np.abs(mine - right) > self.tolerance * np.repeat(scales, np.diff(starts))
        found = {}
        for at in np.flatnonzero(np.logical_or.reduceat(wrong, starts[:-1])).tolist():
            mask = wrong[starts[at] : starts[at + 1]].reshape(shapes[at])
            if self.untested and names[at] in self._arriving:
                mask[sorted(self.untested)] = False
            if mask.any():
                found[names[at]] = mask
        return found

    @cached_property
    def _arriving(self) -> frozenset[str]:
        """The adjoints that read what a later step is carried."""
        return frozenset(f"d{state}" for state in self.backward.model.equations.STATES)


def _joined(values: Arrays, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> np.ndarray:
    """All of these, one behind the other."""
    return np.concatenate([_filled(values[q], shape).ravel() for q, shape in zip(names, shapes, strict=True)])


def _filled(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return array if array.shape == shape else np.broadcast_to(array, shape)


class Judged:
    """Several cases, each under a reading of its own, and what is broken in any."""

    def __init__(self, cases: Sequence[Traced]) -> None:
        self.cases = tuple(cases)

    @cached_property
    def broken(self) -> frozenset[str]:
        """The quantities whose equation does not hold."""
        return frozenset(q for case in self.cases for q in case.broken)

    @property
    def backward(self) -> Backward:
        """Of the first case: its equations are those of all."""
        return self.cases[0].backward

    def beyond_first(self, quantity: str) -> bool:
        """Whether a quantity of the steps is broken at another step than the one that is visited first."""
        masks = [(case.broken[quantity], case.backward.order[1:]) for case in self.cases if quantity in case.broken]
        return any(mask[list(later)].any() for mask, later in masks)

    def under(self, build: Callable[[Traced], Backward]) -> Judged:
        """The same with another reading of each case."""
        return Judged([replace(case, backward=build(case)) for case in self.cases])

    def instead(self, change: Callable[[Traced], Arrays]) -> Judged:
        """The same with other values of some quantities."""
        return Judged([replace(case, values={**case.values, **change(case)}) for case in self.cases])
