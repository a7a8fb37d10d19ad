"""The cases on which a candidate is compared with planted faults, and its gradients there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.model import COTANGENT
from harness.candidate import own
from harness.case import Case
from harness.errors import BadInput
from references.model import Model

#: a case in, the candidate's gradients by canonical name out: NaN where it has none; None where it failed
Ask = Callable[[Case], Mapping[str, np.ndarray] | None]
#: sizes and seed in, a case that the candidate takes out, of those sizes as far as its layout leaves them free
Make = Callable[[Mapping[str, int], int], Case]

#: T and B; the last is longer than any planted truncation
_LENGTHS = ((5, 3), (1, 1), (1, 3), (9, 2), (23, 3))
_REST = {"D": 6, "H": 4, "K": 7}
#: of the cotangents: a clip shows at large ones, an offset at small ones
_SCALES = (1e-5, 1e6)
#: beyond which nothing but overflow would be seen
_LARGEST_READOUT = 100
#: losses whose cotangent has any size that the targets give it; the last reads the first hidden unit
_UNBOUNDED = ("half-squared-error", "squared-error", "first-unit-squared-error")
#: a loss whose cotangent has a factor s (1 − s), of which rounding leaves nothing where predictions are large
_SATURATED = "sigmoid-half-squared-error"
#: what differs by less, relatively to the largest entry of its array, is equal but for rounding
_EQUAL = {"float64": 1e-9, "float32": 1e-4}
_HUGE = 1e300


@dataclass(frozen=True, eq=False)
class Trial:
    """A case, and on the entries that the candidate gives its gradients and the right ones, one behind the other."""

    case: Case
    names: tuple[str, ...]
    given: np.ndarray  #: which entries of these arrays the candidate gives
    obtained: np.ndarray
    right: np.ndarray
    allowed: np.ndarray  #: by how much equals may differ, each entry

    def row(self, grads: Mapping[str, np.ndarray]) -> np.ndarray:
        """Gradients on the same entries; what is not finite counts as huge."""
        row: np.ndarray = _joined(grads, self.names)[self.given]
        return row

    def equal(self, row: np.ndarray, where: np.ndarray | None = None) -> bool:
        """Whether a row is the candidate's own, on the entries of a mask where there is one."""
        same = np.abs(row - self.obtained) <= self.allowed
        return bool((same if where is None else same[where]).all())

    @property
    def wrong(self) -> bool:
        """Whether the candidate's gradients differ from the right ones here."""
        return not self.equal(self.right)


def trials(ask: Ask, model: Model, make: Make, coarse: bool = False) -> tuple[Trial, ...]:
    """Those to which the candidate answers: several T and B, small and large cotangents.

    The first is enough to screen with. ``coarse``: the candidate computes with float32 inside.
    """
    found = []
    for case in _cases(model, make):
        grads = ask(case)
        if grads is not None:
            trial = _trial(case, grads, _EQUAL["float32" if coarse else str(case.dtype)])
            found += [trial] if trial is not None else []
    return tuple(found)


def _cases(model: Model, make: Make) -> Iterator[Case]:
    seen = set()
    for seed, (T, B) in enumerate(_LENGTHS):
        case = _made(make, {"T": T, "B": B, **_REST}, seed)
        if case is None or tuple(case.sizes.items()) in seen:  # of a layout that fixes sizes, each once
            continue
        seen.add(tuple(case.sizes.items()))
        yield case
        if len(seen) == 1:
            yield from (other for scale in _SCALES if (other := scaled(case, scale)) is not None)


def _made(make: Make, sizes: Mapping[str, int], seed: int) -> Case | None:
    try:
        return make(sizes, seed)
    except BadInput:  # a layout that has no case of these sizes
        return None


def scaled(case: Case, scale: float) -> Case | None:
    """The same with a cotangent of that scale: as given, or by the distance of the predictions from the targets."""
    model, arrays = case.model, case.arrays
    if model.loss == COTANGENT:
        changed = {name: scale * arrays[name] for name in ("G", *model.optional) if name in arrays}
    elif model.loss in _UNBOUNDED:
        trace = own(model, case.copies()).trace
        z = trace["z"] if model.readout else trace["h"]
        z = z[..., 0] if model.loss == _UNBOUNDED[-1] else z
        changed = {"y": z - scale * np.maximum(1, np.abs(arrays["y"]))}
    elif scale > 1 and model.loss == _SATURATED:
        return None
    elif model.readout:  # dz is bounded; its way through the readout is not
        changed = {"W_hy": min(scale, _LARGEST_READOUT) * arrays["W_hy"]}
    else:
        return None
    arrays = {**arrays, **{name: array.astype(case.dtype) for name, array in changed.items()}}
    return replace(case, arrays=arrays, source=f"{case.source}, cotangents times {scale:g}")


def _trial(case: Case, grads: Mapping[str, np.ndarray], equal: float) -> Trial | None:
    sound = own(case.model, case.copies()).grads
    names = tuple(name for name in case.model.graded if name in grads and name in sound)
    if not names:
        return None
    given = np.concatenate([np.isfinite(np.asarray(grads[name], float)).ravel() for name in names])
    if not given.any():
        return None
    allowed = [np.full(sound[name].size, equal * _largest(sound[name], grads[name])) for name in names]
    obtained, right = (_joined(arrays, names)[given] for arrays in (grads, sound))
    return Trial(case, names, given, obtained, right, np.concatenate(allowed)[given])


def _largest(one: np.ndarray, two: np.ndarray) -> float:
    return float(max(np.abs(one).max(), np.nanmax(np.abs(np.where(np.isfinite(two), two, 0)))))


def _joined(arrays: Mapping[str, Any], names: tuple[str, ...]) -> np.ndarray:
    row = np.concatenate([np.asarray(arrays[name], float).ravel() for name in names])
    finite: np.ndarray = np.nan_to_num(row, nan=_HUGE, posinf=_HUGE, neginf=-_HUGE)
    return finite
