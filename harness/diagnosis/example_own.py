"""The simplest counterexample of a candidate without a layout: its own forward, differentiated, says what is right.

Nothing is known of its sizes, so they stay as they are; its numbers become simple, and mostly zero.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from harness.candidates.process import CandidateFailed, Process
from harness.candidates.structure import as_array, like
from harness.diagnosed import Example
from harness.diagnosis.example import Progress
from harness.diagnosis.example_values import SIMPLE, options
from harness.diagnosis.example_wrong import FAR, Shown, off
from harness.diagnosis.shrink import Pick, search
from harness.diagnosis.written import written
from harness.own import draw

_SOURCE = "The right gradient: the loss that the function itself returns, differentiated numerically."
_NEAR = 1e-6
_MOST = 150
Entries = dict[str, Any]


def smallest_own(
    process: Process,
    params: Mapping[str, Any],
    data: Mapping[str, Any],
    arrays: Collection[str],
    factor: float = 1.0,
    seconds: float = 30.0,
    progress: Progress = lambda words, fraction: None,
) -> Example | None:
    """The simplest numbers at which the gradient of one of ``arrays`` is wrong; None where none was found.

    ``params`` and ``data`` are ordinary ones at which it is; ``factor`` is what the gradient is declared to be a
    multiple by. What the candidate may build on in its data stays: codes, probabilities, order, symmetry. Raises
    BadInput where Hypothesis is not installed.
    """
    wrong, began = _Wrong(process, tuple(arrays), factor), perf_counter()
    first = wrong(dict(params), dict(data))
    if first is None:
        return None
    finite = bool(np.isfinite(first.obtained).all())
    wrong = replace(wrong, arrays=(first.array,), finite=finite)
    best, simplest = (first, dict(params), dict(data)), (inf, inf)  # how far from simple
    free = list(_free(params, data))

    def made(pick: Pick) -> tuple[Entries, Entries, tuple[int, int]]:
        ranks: list[int] = []

        def simple(number: float) -> float:
            possible = options(SIMPLE, number)
            ranks.append(pick(range(len(possible))))
            return possible[ranks[-1]]

        changed = {name: like(value, _each(value, simple)) for name, value in free}
        own = [{name: changed.get(name, value) for name, value in part.items()} for part in (params, data)]
        return own[0], own[1], (sum(rank > 0 for rank in ranks), sum(ranks))

    def shows(tried: tuple[Entries, Entries, tuple[int, int]]) -> bool:
        nonlocal best, simplest
        progress("simplest counterexample", min(1.0, (perf_counter() - began) / seconds))
        shown = wrong(tried[0], tried[1])
        if shown is not None and tried[2] < simplest:
            best, simplest = (shown, tried[0], tried[1]), tried[2]
        return shown is not None

    search(made, shows, began + seconds, _MOST)
    shown, own_params, own_data = best
    held = {**own_params, **own_data}
    given = {name: array for name, value in held.items() if (array := as_array(value)) is not None}
    test = written(process.target, own_params, own_data, shown, _SOURCE)
    return Example({}, given, shown.array, shown.expected, shown.obtained, {}, test)


@dataclass(frozen=True, eq=False)
class _Wrong:
    """Whether some gradient is wrong at given params and data, and at their neighbours: no kink stands there."""

    process: Process
    arrays: Sequence[str]
    factor: float
    finite: bool = False

    def __call__(self, params: Entries, data: Entries) -> Shown | None:
        shown = self._at(params, data)
        for side in (-1.0, 1.0):
            if shown is not None and self._at(_moved(params, side), _moved(data, side)) is None:
                return None
        return shown

    def _at(self, params: Entries, data: Entries) -> Shown | None:
        try:
            grads = self.process.call(params, data, times=1).grads
            names = [name for name in self.arrays if name in grads]
            derived = self.process.derive(params, data, names)
        except CandidateFailed:
            return None
        found = []
        for name in names:
            expected, obtained = self.factor * derived.values[name], np.asarray(grads[name], float)
            if not np.isfinite(expected).all() or (self.finite and not np.isfinite(obtained).all()):
                continue
            scale = float(np.abs(expected).max(initial=0.0))
            doubt = abs(self.factor) * float(derived.radius[name].max(initial=0.0))
            error = off(obtained, expected, 0.0)
            if doubt <= FAR * max(scale, FAR) and error > FAR:
                found.append(Shown(name, expected, obtained, error, scale, derived.noise > FAR**2))
        return min(found, key=lambda one: (one.expected.size, -one.error), default=None)


def _moved(entries: Entries, side: float) -> Entries:
    rng = np.random.default_rng(0)

    def near(value: Any) -> Any:
        array = as_array(value)
        if array is None or array.ndim == 0 or np.isin(array, (0.0, 1.0)).all():
            return value
        return like(value, array + side * _NEAR * rng.uniform(0.5, 1, array.shape))

    return {name: near(value) for name, value in entries.items()}


def _free(params: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arrays whose numbers may be others: those that are drawn anew, and of data those that nothing binds."""
    one, two = ({**part[0], **part[1]} for part in (draw.redrawn(params, data, seed) for seed in (0, 1)))
    for name, value in (*params.items(), *data.items()):
        array, first, second = (as_array(held) for held in (value, one[name], two[name]))
        if array is None or first is None or second is None or np.array_equal(first, second):
            continue
        if name in params or not _bound(array):
            yield name, value


def _bound(array: np.ndarray) -> bool:
    """Whether numbers have something in common that code may build on."""
    inside = bool(array.min() >= 0 and array.max() <= 1)
    ascending = array.shape[-1] > 2 and bool((np.diff(array, axis=-1) > 0).all())
    return inside or ascending or (array.ndim == 2 and np.array_equal(array, array.T))


def _each(value: Any, simple: Any) -> np.ndarray:
    array = as_array(value)
    assert array is not None
    return np.array([simple(float(number)) for number in array.flat], array.dtype).reshape(array.shape)
