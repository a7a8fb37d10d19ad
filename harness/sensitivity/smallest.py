"""The smallest error that is seen, solved for: a part of a sound gradient times 1 + ε, or one element moved by ε.

An entry v of the candidate, off by e from truth already, is seen to be off by ε v where |e + ε v| exceeds the budget b:
from ε = (b − |e|) ÷ |v| on, where the two errors have the same sign, and from (b + |e|) ÷ |v| on in any case. The
latter is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness import where
from harness.candidate import own
from harness.sensitivity import judged
from harness.study import Singles, Smallest
from references.model import Model

#: What each dtype's user expects to be seen in a single element, as a part of its array's largest entry.
SINGLE_ERRORS = {"float64": 1e-13, "float32": 1e-5}
_PARTS = {"row": "row", "gate": "gate", "step": "time step"}


def smallest(models: Sequence[Model], dtype: str, seeds: Sequence[int]) -> list[Smallest]:
    """Over all parts of all gradients of the models' default cases."""
    found: dict[str, list[float]] = {"element": [], **{name: [] for name in _PARTS.values()}}
    for needed, size, axes in _needed(models, dtype, seeds):
        found["element"] += (needed / size.max()).ravel().tolist()
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(size > 0, needed / size, np.inf)
        for part in where.parts(relative, axes):
            if part.kind in _PARTS:
                found[_PARTS[part.kind]] += part.view.min(axis=1).tolist()
    return [
        Smallest(dtype, part, *(float(np.quantile(values, share)) for share in (0.5, 0.99, 1)))
        for part, values in found.items()
        if values  # a cell of a single gate has no gates to tell apart
    ]


def singles(models: Sequence[Model], dtype: str, seeds: Sequence[int]) -> Singles:
    """Every element of every gradient of the models' default cases moved, one at a time."""
    error = SINGLE_ERRORS[dtype]
    trials = [needed <= error * size.max() for needed, size, _ in _needed(models, dtype, seeds)]
    return Singles(dtype, error, sum(map(np.size, trials)), int(sum(np.sum(seen) for seen in trials)))


def _needed(
    models: Sequence[Model], dtype: str, seeds: Sequence[int]
) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[where.Axis, ...]]]:
    """The further error that each element needs to be seen, its size, and its axes."""
    for model in models:
        for seed in seeds:
            one = judged.default(model, dtype, seed)
            answer = own(model, one.case.copies())
            for name in model.graded:
                true = one.truth.grads[name]
                needed = one.budgets.grads[name] + np.abs(answer.grads[name] - true).astype(float)
                axes = where.axes(model.axes[name], true.shape, model.equations.GATES)
                yield needed, np.abs(true).astype(float), axes
