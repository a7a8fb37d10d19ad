"""Whether a candidate is a function: leaves its arguments alone, and answers the same to the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.candidates.results import Answer
from harness.candidates.structure import same


def changed_arguments(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sentence that says which entries of params and data a call changed; empty where none."""
    names = []
    for one, other in zip(before, after, strict=True):
        names += [name for name in one if name not in other or not same(one[name], other[name])]
        names += [str(name) for name in other if name not in one]
    return [f"it changes its arguments: {', '.join(names)}"] if names else []


def differing(one: Answer, other: Answer) -> list[str]:
    """The names whose values differ: by value, as equal values are equal bits but for the sign of zero."""
    first, second = ({"loss": answer.loss, **answer.grads} for answer in (one, other))
    return [
        name
        for name in {**first, **second}
        if name not in first or name not in second or not np.array_equal(first[name], second[name], equal_nan=True)
    ]
