"""A candidate asked by canonical names, whatever its own arrays are called and however they are laid out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.candidate import UnderTest
from harness.candidates.process import CandidateFailed
from harness.case import Case, from_seed
from harness.laid import Laid
from references.model import Model


class Asked:
    """``under_test``, and how often it was called. What it says is right only of its last call."""

    def __init__(self, under_test: UnderTest, model: Model, dtype: str = "float64") -> None:
        self.under_test, self.model, self.dtype = under_test, model, dtype
        self.calls = 0
        self.coarse = dtype == "float32"  #: float32 is inside
        self.loss = np.nan
        self.trace: dict[str, np.ndarray] = {}
        self.kept: tuple[str, ...] = ()  #: axes whose size is always that of the candidate's example

    def make(self, sizes: Mapping[str, int], seed: int = 0) -> Case:
        """A case that it can take, of these sizes where it has a choice. BadInput where its layout has none."""
        if isinstance(self.under_test, Laid):
            free = {axis: size for axis, size in sizes.items() if axis not in self.kept}
            return self.under_test.layout.case(free, self.dtype, seed)
        return from_seed(self.model, sizes, self.dtype, seed)

    def __call__(self, case: Case) -> dict[str, np.ndarray] | None:
        """Its gradients of canonical arrays, NaN where it gives none; None where it does not take the case."""
        self.calls += 1
        if isinstance(self.under_test, Laid):
            return self._laid(self.under_test, case)
        outcome = self.under_test.answer(case, times=1)
        if outcome.answer is None:
            return None
        self.coarse |= outcome.coarse
        self.loss = float(outcome.answer.loss) if outcome.answer.loss.size else np.nan
        self.trace = dict(outcome.answer.trace)
        nothing = {name: np.full(case.arrays[name].shape, np.nan) for name in self.model.differentiated}
        return nothing | {name: np.asarray(grad, float) for name, grad in outcome.answer.grads.items()}

    def _laid(self, laid: Laid, case: Case) -> dict[str, np.ndarray] | None:
        if laid.layout.fits(case):
            return None
        try:
            called = laid.process.call(*laid.layout.given(case.arrays, laid.params, laid.data), times=1)
        except CandidateFailed:
            return None
        self.loss = float(called.loss) if called.loss.size else np.nan
        self.trace = called.trace
        self.coarse |= any(grad.dtype == np.float32 for grad in called.grads.values())
        scale = laid.about.multiple(case.sizes)
        found = {name: np.full(case.arrays[name].shape, np.nan) for name in self.model.differentiated}
        for name, places in self._places(laid, case).items():
            if name in called.grads:
                _put(found, places, np.asarray(called.grads[name], float) / scale)
        return found

    def _places(self, laid: Laid, case: Case) -> dict[str, np.ndarray]:
        """Of each of its arrays: which entry of the canonical ones each of its entries is; NaN for nobody's."""
        numbers, first = {}, 0
        for name in self.model.differentiated:
            shape = case.arrays[name].shape
            size = int(np.prod(shape))
            numbers[name] = np.arange(first, first + size, dtype=float).reshape(shape)
            first += size
        return {name: laid.layout.pick(name, numbers) for name in laid.layout.graded}


def _put(found: Mapping[str, np.ndarray], places: np.ndarray, grad: np.ndarray) -> None:
    """Write an author's entries where they belong; those of one place are added up."""
    if grad.shape != places.shape:
        return
    known = np.isfinite(places)
    at, values = places[known].astype(int), grad[known]
    first = 0
    for array in found.values():
        flat = array.reshape(-1)
        here = (at >= first) & (at < first + flat.size)
        if here.any():
            sums = np.zeros(flat.size)
            np.add.at(sums, at[here] - first, values[here])
            own = np.unique(at[here] - first)
            flat[own] = sums[own]
        first += flat.size
