"""Faults of equal behaviour are one class, found by running them; those that change nothing are listed with a reason.

Two gradients are equal where every entry agrees to 1e-9 of the largest entry of its array: rounding is far below that,
and no fault that shows is so small. What concerns one cell is judged with that cell and the loss ``cotangent``, what
concerns a loss with that loss and an lstm, and what concerns every model with an lstm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from harness.bank.behaviour import Trial, gradients, trials
from harness.bank.catalogue import catalogue
from harness.bank.fault import KINDS, Fault
from harness.bank.reasons import reason
from references.model import Model

_EQUAL = 1e-9
_RANKS = {kind.name: rank for rank, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class FaultClass:
    """Faults that no gradient tells apart, as far as they were run."""

    representative: str  #: the id of the simplest
    members: tuple[str, ...]  #: all their ids, the representative first
    models: tuple[Model, ...]  #: those in which their effect shows, of the ones they were run with


@cache
def classes(weak: bool = False) -> tuple[FaultClass, ...]:
    """The classes of the bank's faults, or of its weak ones, in the catalogue's order."""
    return tuple(sorted(_judged(weak)[0], key=lambda one: _order()[one.representative]))


@cache
def without_effect() -> tuple[tuple[Fault, str], ...]:
    """The faults, weak ones included, whose gradients are the sound ones wherever they were run, and why."""
    return tuple((fault, reason(fault)) for weak in (False, True) for fault in _judged(weak)[1])


@cache
def _order() -> dict[str, int]:
    return {fault.id: k for k, fault in enumerate(catalogue())}


@cache
def _judged(weak: bool) -> tuple[tuple[FaultClass, ...], tuple[Fault, ...]]:
    """The classes, and the faults without effect."""
    found: list[FaultClass] = []
    idle: list[Fault] = []
    groups: dict[Model, list[Fault]] = defaultdict(list)
    for fault in catalogue(weak=weak):
        groups[fault.model].append(fault)
    for model, faults in groups.items():
        behaviours = _Behaviours(trials(model), faults)
        for members in behaviours.equals():
            models = behaviours.models(members[0])
            if models:
                found.append(_class([faults[k] for k in members], models))
            else:
                idle.extend(faults[k] for k in members)
    return tuple(found), tuple(idle)


def _class(faults: list[Fault], models: tuple[Model, ...]) -> FaultClass:
    ranked = sorted(faults, key=lambda fault: (_RANKS[fault.kind], len(fault.source), _order()[fault.id]))
    return FaultClass(ranked[0].id, tuple(fault.id for fault in ranked), models)


class _Behaviours:
    """The gradients of faults on the same trials: a row each, and the sound ones."""

    def __init__(self, cases: Sequence[Trial], faults: Sequence[Fault]) -> None:
        self._cases = cases
        self._sound = np.concatenate([case.sound for case in cases])
        self._rows = np.array([np.concatenate([gradients(fault, case) for case in cases]) for fault in faults])
        widths = [len(case.sound) for case in cases]
        ends = np.cumsum([0, *widths[:-1]])
        starts = np.concatenate([case.starts + end for case, end in zip(cases, ends, strict=True)])
        self._arrays = np.repeat(np.arange(len(starts)), np.diff([*starts, len(self._sound)]))  # entry → array
        self._trials = np.repeat(np.arange(len(cases)), widths)  # entry → trial
        # No array is measured by less than its sound largest entry: what is zero but for rounding is zero.
        sound = np.maximum.reduceat(np.abs(self._sound), starts)
        self._scales = np.maximum(np.maximum.reduceat(np.abs(self._rows), starts, axis=1), sound)

    def models(self, k: int) -> tuple[Model, ...]:
        """The models of the trials in which fault k differs from the sound gradient."""
        wrong = np.abs(self._rows[k] - self._sound) > _EQUAL * self._scales[k, self._arrays]
        return tuple(dict.fromkeys(self._cases[n].model for n in np.unique(self._trials[wrong])))

    def equals(self) -> Iterator[list[int]]:
        """Groups of faults that are equal; only neighbours in a random projection, where equals meet, are compared."""
        width = self._rows.shape[1]
        weights = np.random.default_rng(0).uniform(0.5, 1, width)
        keys = (self._rows / self._scales[:, self._arrays]) @ weights + np.log(self._scales).sum(axis=1)
        near = 4 * _EQUAL * width  # further apart than equals can be
        groups: list[list[int]] = []
        for k in np.argsort(keys):
            close = (group for group in reversed(groups) if keys[k] - keys[group[-1]] <= near)
            same = next((group for group in close if self._equal(group[0], int(k))), None)
            if same is None:
                groups.append([int(k)])
            else:
                same.append(int(k))
        return iter(sorted((sorted(group) for group in groups), key=lambda group: group[0]))

    def _equal(self, one: int, two: int) -> bool:
        scales = np.maximum(self._scales[one], self._scales[two])[self._arrays]
        return bool((np.abs(self._rows[one] - self._rows[two]) <= _EQUAL * scales).all())
