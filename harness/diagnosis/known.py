"""The planted faults whose gradients are the candidate's: what is wrong with it, as the bank of faults says it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from functools import cache

import numpy as np

from harness.bank.catalogue import catalogue
from harness.bank.fault import KINDS, TAPE, Fault
from harness.diagnosis import known_switched
from harness.diagnosis.known_together import gradients, possible
from harness.diagnosis.known_trials import Ask, Make, Trial, trials
from references.model import Model

_RANKS = {kind.name: rank for rank, kind in enumerate(KINDS)}
#: Wherever they are, other equations are wrong: what the tape gives, and the loop itself.
_ANYWHERE = (TAPE, "1*t")


def twins(
    ask: Ask, model: Model, make: Make, among: Collection[str] | None = None, coarse: bool = False
) -> tuple[Fault, ...]:
    """The planted faults whose gradients equal the candidate's on every entry that it gives, the simplest first.

    ``among``: tags of equations that are known to be wrong; faults of the loop and of the tape are always tried.
    Empty where there is none, and where the candidate's gradients are right.
    """
    return equals(trials(ask, model, make, coarse), ordered(model, among))


def together(
    ask: Ask,
    model: Model,
    make: Make,
    broken: Sequence[Collection[str]],
    seconds: float = 2.0,
    coarse: bool = False,
) -> tuple[Fault, ...]:
    """Faults, one of each of several broken equations, that together give the candidate's gradients; the first found.

    ``broken``: for each equation its tag, or those of the unit that it cannot be told apart in. Empty where there is
    none, and where none is found in time.
    """
    found = trials(ask, model, make, coarse)
    if not found or not broken:
        return ()
    groups = [ordered(model, tags, anywhere=False) for tags in broken]
    return next(_Search(found, groups, time.monotonic() + seconds).found(), ())


def equals(found: Sequence[Trial], faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Those of the faults that equal the candidate on all trials; none where all trials are right."""
    if not any(trial.wrong for trial in found):
        return ()
    for trial in found:
        faults = [fault for fault in faults if trial.equal(trial.row(gradients([fault], trial.case)))]
    return tuple(faults)


@cache
def _ordered(model: Model) -> tuple[Fault, ...]:
    concerned = [fault for fault in catalogue(model.cell, model.loss, weak=False) if fault.concerns(model)]
    return tuple(sorted(concerned, key=lambda fault: (_RANKS[fault.kind], len(fault.source))))


def ordered(model: Model, among: Collection[str] | None = None, anywhere: bool = True) -> tuple[Fault, ...]:
    """The bank's faults of a model, of some equations' tags where these are given, the simplest first."""
    if among is None:
        return _ordered(model)
    tags = {*among, *(_ANYWHERE if anywhere else ())}
    return tuple(fault for fault in _ordered(model) if fault.equation in tags)


class _Search:
    """One fault of each group, found by what each equation leaves alone: at T = 1 most entries, later on its own sums.

    A combination is followed only while it is right on every entry that no fault of the groups still to come changes.
    Faults that move entries (stacking, a wrong variable) carry others' changes elsewhere: where nothing is found so,
    combinations are tried one by one.
    """

    def __init__(self, found: Sequence[Trial], groups: Sequence[Sequence[Fault]], deadline: float) -> None:
        self._deadline = deadline
        self._gradients = known_switched.gradients(groups)
        shortest = min(trial.case.sizes["T"] for trial in found)
        self._screens = [trial for trial in found if trial.case.sizes["T"] == shortest]
        self._screens += [trial for trial in found[:1] if trial not in self._screens]
        self._rest = [trial for trial in found if trial not in self._screens]
        rows = [[self._rows(fault) for fault in group] for group in groups]
        changed = [self._changed(some) for some in rows]
        left = []
        for k, group in enumerate(groups):
            alone = self._untouched(changed[:k] + changed[k + 1 :])
            fits = [fault for fault, own in zip(group, rows[k], strict=True) if self._equal(own, alone)]
            left.append(fits or list(group))  # a wrong variable may read what another fault changed
        reach = [np.concatenate(some).mean() for some in changed]
        order = sorted(range(len(groups)), key=lambda k: (-round(4 * reach[k]), len(left[k])))
        self._order = order
        everywhere, nowhere = (
            [np.full(len(trial.obtained), all_) for trial in self._screens] for all_ in (True, False)
        )
        later = [self._untouched([changed[k] for k in order[depth + 1 :]]) for depth in range(len(order))]
        #: the faults of each group that are tried, and the entries that must be right once one of them is chosen
        self._ways = (
            ([left[k] for k in order], later),
            ([groups[k] for k in order], [*[nowhere] * (len(order) - 1), everywhere]),
        )

    def found(self) -> Iterator[tuple[Fault, ...]]:
        """Every combination, in the groups' order, until time is up."""
        for left, where in self._ways:
            for faults in self._below((), left, where):
                by_group = dict(zip(self._order, faults, strict=True))
                yield tuple(by_group[k] for k in range(len(faults)))

    def _below(
        self, chosen: tuple[Fault, ...], left: Sequence[Sequence[Fault]], where: Sequence[Sequence[np.ndarray]]
    ) -> Iterator[tuple[Fault, ...]]:
        depth = len(chosen)
        if depth == len(left):
            if all(trial.equal(self._row(chosen, trial)) for trial in self._rest):
                yield chosen
            return
        for fault in left[depth]:
            if time.monotonic() > self._deadline:
                return
            faults = (*chosen, fault)
            if possible(faults) and self._fits(faults, where[depth]):
                yield from self._below(faults, left, where)

    def _fits(self, faults: Sequence[Fault], where: Sequence[np.ndarray]) -> bool:
        screens = zip(self._screens, where, strict=True)
        return all(not some.any() or trial.equal(self._row(faults, trial), some) for trial, some in screens)

    def _row(self, faults: Sequence[Fault], trial: Trial) -> np.ndarray:
        return trial.row(self._gradients(faults, trial.case))

    def _rows(self, fault: Fault) -> list[np.ndarray]:
        return [self._row([fault], trial) for trial in self._screens]

    def _changed(self, rows: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
        """The entries of each screen that some fault of a group changes."""
        return [
            (np.abs(np.array(some) - trial.right) > trial.allowed).any(axis=0)
            for some, trial in zip(zip(*rows, strict=True), self._screens, strict=True)
        ]

    def _untouched(self, changed: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
        """The entries of each screen that none of some groups changes."""
        none = [np.zeros(len(trial.obtained), bool) for trial in self._screens]
        return [~np.logical_or.reduce(some) for some in zip(none, *changed, strict=True)]

    def _equal(self, rows: Sequence[np.ndarray], where: Sequence[np.ndarray]) -> bool:
        return all(trial.equal(row, on) for trial, row, on in zip(self._screens, rows, where, strict=True))
