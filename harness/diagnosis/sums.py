"""What a wrong parameter gradient sums in place of the right terms: rows of another step, some steps alone, a mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.diagnosis.adjoints import SUMMED
from harness.diagnosis.backward import Adjoint, Backward
from harness.diagnosis.patterns import pattern
from harness.diagnosis.patterns_products import paired
from harness.diagnosis.patterns_rules import same
from harness.diagnosis.patterns_time import over_time

Arrays = Mapping[str, np.ndarray]
#: entries, below which another pair of factors may give the same by chance
_FEW = 4


def shares(back: Backward, adjoint: Adjoint, values: Arrays) -> tuple[str, np.ndarray, np.ndarray]:
    """Of the sum that an equation takes over steps: what it reads, its name and array (T, B, ·), and each step's share.

    ``values``: all adjoints.
    """
    read = adjoint.reads[0]
    whole = np.zeros((back.T, *values[read].shape))
    for t in range(back.T):
        whole[t, t] = values[read][t]
    nothing = {q: np.zeros((back.T, *array.shape)) for q, array in values.items()}
    each = back.computed({**nothing, read: whole})[adjoint.quantity]
    return read.removesuffix(SUMMED), values[read], np.asarray(each)


def of_sum(
    wrong: np.ndarray,
    right: np.ndarray,
    summed: tuple[str, np.ndarray, np.ndarray],
    back: Backward,
    around: Arrays,
    equal: float = 1e-7,
) -> tuple[str, str]:
    """What stands in the sum's place, and the pattern; empty where there are no words.

    ``around``: quantities (T, B, ·) that may be read by mistake, by name. Adjoints are solved for, and so are equal to
    no more than ``equal``.
    """
    name, rows, each = summed
    gates = back.model.equations.GATES if rows.shape[-1] == back.H * len(back.model.equations.GATES) else ()
    other = _paired_with(right, rows, around) if right.ndim == 2 else ("1", np.ones((*rows.shape[:2], 1)))
    text = ""
    if other is not None and wrong.size >= _FEW:
        wide, exact = (array.reshape(len(array), -1) for array in (wrong, right))
        if not same(wide, exact, equal):
            named = f"{name}_" if len(gates) > 1 else name
            text = paired(wide, (named.rstrip("_"), rows), other, around, gates, equal)
    axes = ("A" if gates else "K", "D")[: right.ndim]
    steps = over_time(wrong, each, ("T", *axes), gates, equal)
    return text, steps or pattern(wrong, right, axes, gates, {"T": back.T, "B": back.B}, equal)


def _paired_with(right: np.ndarray, rows: np.ndarray, around: Arrays) -> tuple[str, np.ndarray] | None:
    """What the right sum multiplies its rows by: found by value, so that no parameter is known by name."""
    for name, other in around.items():
        if other.shape[-1] == right.shape[1] and same(np.einsum("tba,tbd->ad", rows, other), right):
            return name, other
    return None
