"""Which small change of the forward equations a candidate computes whose loss departs from that of the named cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from harness.case import Case
from harness.diagnosis.forward_changes import changes
from harness.diagnosis.forward_run import Change, run
from harness.diagnosis.known_trials import Make
from harness.errors import BadInput
from references.model import Model

#: a case in, the candidate's loss and its declared trace (may be empty) out; None where it failed
LossOf = Callable[[Case], tuple[float, Mapping[str, np.ndarray]] | None]

_EQUAL = {"float64": 1e-9, "float32": 1e-4}
_LEAST = 1e-3  #: below which a loss may be what is left of larger terms
#: the first screens; the others tell apart what it cannot see
_SIZES = (
    {"T": 1, "B": 1, "D": 3, "H": 2, "K": 4},
    {"T": 4, "B": 2, "D": 3, "H": 5, "K": 7},
    {"T": 3, "B": 3, "D": 5, "H": 4, "K": 6},
)
_MUTED = ("b_", "h0 c0", "W_hh", "x")  #: what is zero in a case in which some changes do not show


@dataclass(frozen=True)
class Forward:
    """What the candidate's forward pass computes in place of the named cell's, as far as its loss can tell."""

    tags: tuple[str, ...]  #: the forward equations' numbers, one for each change: ("3",)
    sentence: str  #: "g lacks its tanh"
    changes: tuple[Change, ...]

    def loss(self, case: Case) -> float:
        """The loss of the changed equations."""
        return _run(case, self.changes)[0]


@dataclass(frozen=True, eq=False)
class _Trial:
    case: Case
    loss: float
    trace: Mapping[str, np.ndarray]
    equal: float  #: by how much equals may differ, relatively

    def equals(self, changed: Sequence[Change]) -> bool:
        loss, trace = _run(self.case, changed)
        if not abs(loss - self.loss) <= self.equal * max(abs(loss), abs(self.loss), _LEAST):
            return False
        both = [name for name in trace if name in self.trace and self.trace[name].shape == trace[name].shape]
        return all(np.allclose(self.trace[name], trace[name], rtol=self.equal, atol=self.equal) for name in both)


def departs(
    loss_of: LossOf, model: Model, make: Make, seconds: float = 5.0, coarse: bool = False
) -> tuple[Forward, ...]:
    """The changes of the forward equations, one or two at once, with which the loss (and trace) is the candidate's.

    The fewest first; pairs are tried where no single change does, until time is up. Empty where the candidate's loss
    is the named cell's, where it does not answer, and where nothing is found. ``coarse``: it has float32 inside.
    """
    deadline = time.monotonic() + seconds
    trials = list(_trials(loss_of, make, coarse))
    if not trials or all(trial.equals(()) for trial in trials):
        return ()
    singles = [(change,) for change in _changes(model) if all(trial.equals((change,)) for trial in trials)]
    if singles:
        return tuple(map(_told, singles))
    muted = [trial for what in _MUTED if (trial := _muted(trials[-1], what, loss_of)) is not None]
    return tuple(map(_told, _pairs(_changes(model), trials, muted, deadline)))


@cache
def _changes(model: Model) -> tuple[Change, ...]:
    return changes(model)


def _trials(loss_of: LossOf, make: Make, coarse: bool) -> Iterator[_Trial]:
    for seed, sizes in enumerate(_SIZES):
        try:
            case = make(sizes, seed)
        except BadInput:  # a layout that has no case of these sizes
            continue
        yield from _asked(loss_of, case, _EQUAL["float32" if coarse else str(case.dtype)])


def _asked(loss_of: LossOf, case: Case, equal: float) -> Iterator[_Trial]:
    answer = loss_of(case)
    if answer is not None:
        yield _Trial(case, float(answer[0]), answer[1], equal)


def _muted(trial: _Trial, what: str, loss_of: LossOf) -> _Trial | None:
    """The trial's case with some arrays zero."""
    arrays = trial.case.arrays
    zero = [name for name in arrays if name.startswith(tuple(what.split()))]
    case = replace(trial.case, arrays={**arrays, **{name: np.zeros_like(arrays[name]) for name in zero}})
    return next(_asked(loss_of, case, trial.equal), None)


def _pairs(
    known: Sequence[Change], trials: Sequence[_Trial], muted: Sequence[_Trial], deadline: float
) -> list[tuple[Change, ...]]:
    """Two changes at once. Where one of two does not show, the other one alone must give the candidate's loss."""
    possible = np.triu(np.ones((len(known), len(known)), bool), 1)
    for trial in (*muted, *trials):
        losses = np.array([_run(trial.case, (change,))[0] for change in known])
        right = _run(trial.case, ())[0]
        near = trial.equal * max(abs(right), abs(trial.loss), _LEAST)
        shows, fits = np.abs(losses - right) > near, np.abs(losses - trial.loss) <= near
        sound = abs(right - trial.loss) <= near
        alone = np.where(shows[:, None], fits[:, None], np.where(shows[None, :], fits[None, :], sound))
        possible &= (shows[:, None] & shows[None, :]) | alone
    found: list[tuple[Change, ...]] = []
    at = np.argwhere(possible)
    for k in np.argsort(at.sum(axis=1), kind="stable"):  # the likeliest first
        if time.monotonic() > deadline:
            break
        for pair in _orders(known[at[k][0]], known[at[k][1]]):
            if all(trial.equals(pair) for trial in (*trials, *muted)):
                found.append(pair)
                break
    return found


def _orders(one: Change, two: Change) -> Iterator[tuple[Change, Change]]:
    yield one, two
    if one.at == two.at:
        yield two, one


def _run(case: Case, changed: Sequence[Change]) -> tuple[float, dict[str, np.ndarray]]:
    with np.errstate(all="ignore"):
        return run(case.model, case.arrays, changed)


def _told(changed: tuple[Change, ...]) -> Forward:
    return Forward(tuple(one.tag for one in changed), "; ".join(one.sentence for one in changed), changed)
