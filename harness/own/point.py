"""One point at which a candidate is judged by its own forward: what it answers there, and what is right there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.candidates.process import Called, CandidateFailed, Process
from harness.candidates.structure import as_array
from harness.own import draw

if TYPE_CHECKING:
    from harness.forward.derive import Derived

#: How many gradients at moved points show how far rounding carries: see harness.budget.
SAMPLES = 8
#: Relative noise of a loss from which on float64 is not what it is computed in.
COARSE = 1e-11
#: Relative to the numbers that go in: about a step of float32.
MOVE = 1e-7
#: Mantissas that are a multiple of its inverse say nothing of the dtype.
FEW_BITS = 2.0**12


@dataclass(frozen=True, eq=False)
class Point:
    """A candidate at one place."""

    source: str  #: what the place is, in words
    params: Mapping[str, Any]
    data: Mapping[str, Any]
    called: Called
    derived: Derived
    spread: Mapping[str, np.ndarray]  #: of each gradient: its largest change when roundings are drawn anew
    coarse: bool  #: float32 somewhere inside
    inside: bool  #: whether there were roundings inside to draw, and not those of the inputs only

    @property
    def entries(self) -> dict[str, Any]:
        """Params and data together."""
        return {**self.params, **self.data}


def measured(
    process: Process,
    params: Mapping[str, Any],
    data: Mapping[str, Any],
    source: str,
    seconds: float,
    progress: Callable[[float], None],
    only: Collection[str] = (),
) -> Point:
    """Ask a candidate all that there is to ask at one place, or ``only`` some of its gradients. CandidateFailed."""
    called = process.call(dict(params), dict(data))
    names = [name for name in (*params, *data) if name in called.grads]  # in the author's order
    names = [name for name in names if not only or name in only]
    called = called._replace(grads={name: called.grads[name] for name in names})
    derived = process.derive(dict(params), dict(data), names, seconds=seconds, progress=progress)
    coarse = COARSE < derived.noise < np.inf or single(called.grads) or jumps(process, params, data, called)
    eps = float(np.finfo(np.float32 if coarse else float).eps)
    spread, inside = _spread(process, params, data, called, eps)
    return Point(source, params, data, called, derived, spread, coarse, inside)


def largest_of(arrays: Iterable[np.ndarray]) -> float:
    """The largest |entry| of all; 0 where there is none."""
    return max((float(np.abs(array).max()) for array in arrays if array.size), default=0.0)


def single(grads: Mapping[str, np.ndarray]) -> bool:
    """Whether a gradient is of numbers that a float32 holds too, as out of a float32 buffer."""
    return any(grad.dtype == np.float32 or _rounded(grad) for grad in grads.values())


def _rounded(grad: np.ndarray) -> bool:
    """Numbers of a few bits, such as counts over 16 or what is left where others cancel, are so by themselves."""
    odd = grad[np.isfinite(grad) & (grad != np.round(grad))]
    bits = FEW_BITS * np.frexp(odd)[0]
    with np.errstate(over="ignore"):
        return bool((bits != np.round(bits)).sum() > 2 and (odd.astype(np.float32) == odd).all())


def jumps(process: Process, params: Mapping[str, Any], data: Mapping[str, Any], called: Called) -> bool:
    """Whether loss or gradients move by float32's steps where the inputs move by less.

    Of smooth code the second difference shrinks as the square of the move does, to a 64th; of steps it does not.
    """
    wide, narrow = (_bend(process, params, data, called, part) for part in (MOVE, MOVE / 8))
    return wide > 10 * COARSE and narrow > wide / 16


def _bend(process: Process, params: Mapping[str, Any], data: Mapping[str, Any], called: Called, part: float) -> float:
    """The largest second difference along one direction, relative to the loss or to the largest gradient."""
    answers = []
    for factor in (1, 2):
        rng = np.random.default_rng(1)  # the same direction
        moved = draw.noisy(params, factor * part, rng), draw.noisy(data, factor * part, rng)
        answers.append(process.call(*moved, times=1))
    one, two = answers
    names = [name for name in called.grads if name in one.grads and name in two.grads and called.grads[name].size]
    largest = largest_of(called.grads[name] for name in names)
    with np.errstate(invalid="ignore"):
        bends = [np.abs(two.grads[name] - 2 * one.grads[name] + called.grads[name]).max() for name in names]
        gradient = float(max(bends, default=0.0)) / largest if largest else 0.0
        loss = float(np.abs(two.loss - 2 * one.loss + called.loss)) / float(np.abs(called.loss) or np.inf)
    return max(gradient, loss)


def _spread(
    process: Process, params: Mapping[str, Any], data: Mapping[str, Any], called: Called, eps: float
) -> tuple[dict[str, np.ndarray], bool]:
    """The largest change of each gradient among samples whose inputs and roundings are moved by up to a unit, and
    whether there were roundings to move; where there were none, inputs are moved by as many as numbers go in.
    """
    largest = {name: np.zeros(grad.shape) for name, grad in called.grads.items()}
    inside = True
    for seed in range(SAMPLES):
        rng = np.random.default_rng([2, seed])
        part = eps if inside else eps * np.sqrt(_numbers({**params, **data}))
        moved = draw.noisy(params, part, rng), draw.noisy(data, part, rng)
        try:
            grads, inside = process.rough(*moved, part=eps, seed=seed)
        except CandidateFailed:  # it needs a number to be exact
            inside = False
            grads = process.call(*moved, times=1).grads
        for name, grad in called.grads.items():
            if name in grads and grads[name].shape == grad.shape:
                with np.errstate(invalid="ignore"):
                    largest[name] = np.maximum(largest[name], np.abs(grads[name].astype(float) - grad))
    return largest, inside


def _numbers(entries: Mapping[str, Any]) -> int:
    arrays = (as_array(value) for value in entries.values())
    return max(1, sum(array.size for array in arrays if array is not None))
