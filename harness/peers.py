"""Whether references contradict each other, and which of them is the odd one out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from harness import measure
from harness.budget import Budgets
from harness.case import Case
from references.protocol import Answer

Scales = Mapping[str, measure.Scale]


def scales(case: Case, truth: Answer, budgets: Budgets) -> Scales:
    """What errors are measured in, for each graded array."""
    axes, gates = case.model.axes, case.model.equations.GATES
    return {
        array: measure.scale(truth.grads[array], budgets.grads[array], axes[array], gates, case.dtype)
        for array in case.model.graded
    }


def distance(one: Answer, two: Answer, scales: Scales, allowance: float) -> float:
    """The worst error ÷ budget between two answers, over the arrays that both have."""
    shared = [array for array in scales if array in one.grads and array in two.grads]
    ratios = (measure.ratios(one.grads[name], two.grads[name], scales[name], allowance).max() for name in shared)
    return float(max(ratios, default=0.0))


def contradiction(truth_name: str, truth: Answer, others: Mapping[str, Answer], scales: Scales) -> str:
    """Who contradicts whom, in words, where some reference is beyond the budget of truth.

    The odd one out contradicts more of the others than anybody else does; it may be truth.
    """
    everyone = {truth_name: truth, **others}
    against: dict[str, list[str]] = {name: [] for name in everyone}
    for one, two in combinations(everyone, 2):
        allowance = 1 if truth_name in (one, two) else 2  # both peers may be off by a budget
        if distance(everyone[one], everyone[two], scales, allowance) > 1:
            against[one].append(two)
            against[two].append(one)
    most = max(map(len, against.values()))
    odd = [name for name, opposed in against.items() if len(opposed) == most]
    if len(odd) > 1:
        return f"references contradict each other: {' and '.join(odd)}"
    return f"references contradict each other: {odd[0]} is the odd one out, against {', '.join(against[odd[0]])}"
