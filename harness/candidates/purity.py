"""Whether a candidate is a function: leaves its arguments alone, and answers the same to the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.candidates.structure import same

#: a loss and gradients by name; None for a loss that was not given
Named = Mapping[str, np.ndarray | None]


def changed_arguments(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sentence that says which entries of params and data a call changed; empty where none."""
    names = []
    for one, other in zip(before, after, strict=True):
        names += [name for name in one if name not in other or not same(one[name], other[name])]
        names += [str(name) for name in other if name not in one]
    return [f"it changes its arguments: {', '.join(names)}"] if names else []


def differing(one: Named, other: Named) -> list[str]:
    """The names whose values differ, or that only one has: by value, as the padding of a longdouble is random.

    Equal values are equal bits but for the sign of zero.
    """

    def differ(a: np.ndarray | None, b: np.ndarray | None) -> bool:
        return a is not b if a is None or b is None else not np.array_equal(a, b, equal_nan=True)

    return [name for name in {**one, **other} if differ(one.get(name), other.get(name))]
