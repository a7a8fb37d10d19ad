"""Whether references contradict each other, and which of them is the odd one out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from harness import measure
from harness.subject import Scales
from references.protocol import Answer


def allowance(dtype: np.dtype[Any], truth: Answer) -> int:
    """How many budgets an answer may be apart from truth: 2 where truth itself rounds to ``dtype``, and 1 where not."""
    wider = np.finfo(truth.loss.dtype).nmant > np.finfo(dtype).nmant
    return 1 if wider or truth.proven else 2


def distance(one: Answer, two: Answer, scales: Scales, allowance: float) -> float:
    """The worst error ÷ budget between two answers, over the arrays that both have."""
    shared = [array for array in scales if array in one.grads and array in two.grads]
    ratios = (
        measure.ratios(one.grads[name], two.grads[name], scales[name], allowance, _radius(one, two, name)).max()
        for name in shared
    )
    return float(max(ratios, default=0.0))


def _radius(one: Answer, two: Answer, name: str) -> np.ndarray | float:
    """How far two answers may be apart by their own accounts."""
    return one.radius.get(name, 0.0) + two.radius.get(name, 0.0)


def contradiction(
    truth_name: str, truth: Answer, others: Mapping[str, Answer], scales: Scales, allowed: float = 1
) -> str:
    """Who contradicts whom, in words, where some reference is beyond the budget of truth.

    The odd one out contradicts more of the others than anybody else does; it may be truth.
    """
    everyone = {truth_name: truth, **others}
    against: dict[str, list[str]] = {name: [] for name in everyone}
    for one, two in combinations(everyone, 2):
        both = allowed if truth_name in (one, two) else 2  # two peers may each be off by a budget
        if distance(everyone[one], everyone[two], scales, both) > 1:
            against[one].append(two)
            against[two].append(one)
    most = max(map(len, against.values()))
    odd = [name for name, opposed in against.items() if len(opposed) == most]
    if len(odd) > 1:
        return f"references contradict each other: {' and '.join(odd)}"
    return f"references contradict each other: {odd[0]} is the odd one out, against {', '.join(against[odd[0]])}"
