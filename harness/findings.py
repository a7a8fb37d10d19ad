"""Findings that are read off the numbers: a gradient that is a constant multiple of the right one."""

from __future__ import annotations

import numpy as np

from harness.budget import Budgets
from harness.case import Case
from harness.run import Finding
from references.protocol import Answer


def scaled(case: Case, candidate: Answer, truth: Answer, budgets: Budgets) -> list[Finding]:
    """One factor that all arrays share and that means something (−1, T, B, T·B, K, 2 and inverses).

    A factor that only fits is not enough: 1.000005 is a wrong gradient, not a scaled one.
    """
    graded = [name for name in case.model.graded if name in candidate.grads]
    for factor, meaning in _factors(case):
        errors = [
            np.abs(candidate.grads[name] - factor * truth.grads[name]) <= max(1.0, abs(factor)) * budgets.grads[name]
            for name in graded
        ]
        if all(error.all() for error in errors) and any(_visible(truth, budgets, name) for name in graded):
            return [Finding("scaled", f"every gradient is {factor:g} times the right one: {meaning}")]
    return []


def _visible(truth: Answer, budgets: Budgets, name: str) -> bool:
    return bool((np.abs(truth.grads[name]) > 4 * budgets.grads[name]).any())


def _factors(case: Case) -> list[tuple[float, str]]:
    sizes = case.sizes
    counts = {"T": sizes["T"], "B": sizes["B"], "T·B": sizes["T"] * sizes["B"]}
    if case.model.readout:
        counts["K"] = sizes["K"]
    factors = [(-1.0, "the sign is reversed"), (2.0, "a factor 2 of a square, or a term counted twice")]
    factors.append((0.5, "a factor 2 of a square is missing, or a ½ is too many"))
    for letter, size in counts.items():
        if size > 2:
            factors.append((1 / size, f"1/{letter}: a mean where the loss is a sum"))
            factors.append((float(size), f"{letter}: a sum where the loss is a mean"))
    return factors
