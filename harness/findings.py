"""Findings that are read off the numbers: scaled, not finite, nothing to judge, not returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.budget import Budgets
from harness.run import Finding, Row
from harness.subject import Subject
from references.protocol import Answer

NON_FINITE = "non-finite"


def scaled(subject: Subject, candidate: Answer, truth: Answer, budgets: Budgets) -> list[Finding]:
    """One factor that all arrays share and that means something (−1, T, B, T·B, K, 2 and inverses).

    A factor that only fits is not enough: 1.000005 is a wrong gradient, not a scaled one.
    """
    graded = [name for name in subject.graded if name in candidate.grads]
    for factor, meaning in _factors(subject.counts):
        errors = [
            np.abs(candidate.grads[name] - factor * truth.grads[name]) <= max(1.0, abs(factor)) * budgets.grads[name]
            for name in graded
        ]
        if all(error.all() for error in errors) and any(_visible(truth, budgets, name) for name in graded):
            return [Finding("scaled", f"every gradient is {factor:g} times the right one: {meaning}")]
    return []


def _visible(truth: Answer, budgets: Budgets, name: str) -> bool:
    return bool((np.abs(truth.grads[name]) > 4 * budgets.grads[name]).any())


def _factors(counts: Mapping[str, int]) -> list[tuple[float, str]]:
    factors = [(-1.0, "the sign is reversed"), (2.0, "a factor 2 of a square, or a term counted twice")]
    factors.append((0.5, "a factor 2 of a square is missing, or a ½ is too many"))
    for letter, size in counts.items():
        if size > 2:
            factors.append((1 / size, f"1/{letter}: a mean where the loss is a sum"))
            factors.append((float(size), f"{letter}: a sum where the loss is a mean"))
    return factors


def non_finite(candidate: Answer, truth: Answer) -> list[Finding]:
    """The first NaN or infinity where truth is finite: in the gradients, or else the loss."""
    for name, grad in candidate.grads.items():
        with np.errstate(over="ignore"):
            representable = np.isfinite(truth.grads[name].astype(grad.dtype))
        wrong = ~np.isfinite(grad) & representable
        if wrong.any():
            at = tuple(int(k) for k in np.argwhere(wrong)[0])
            text = f"{name} holds {grad[at]} at {list(at)} ({int(wrong.sum())} such entries) where truth is finite"
            return [Finding(NON_FINITE, text, (name,))]
    if candidate.loss.size and not np.isfinite(candidate.loss).all() and np.isfinite(truth.loss).all():
        return [Finding(NON_FINITE, f"the loss is {float(candidate.loss)} where truth is finite")]
    return []


def extended(finding: Finding, why: str) -> Finding:
    """The finding with what explains it; as it is where nothing does."""
    return replace(finding, text=f"{finding.text}. {why.removesuffix('.')}") if why else finding


def vacuous(rows: Sequence[Row], truth: str) -> list[Finding]:
    """The arrays in which there is nothing to judge."""
    arrays = tuple(row.array for row in rows if row.vacuous and row.reference == truth)
    if not arrays:
        return []
    text = f"{', '.join(arrays)}: zero by structure or lost in rounding here, so a gradient of zeros would pass"
    return [Finding("vacuous", text, arrays)]


def not_returned(subject: Subject, candidate: Answer) -> list[Finding]:
    """The arrays that the candidate gives no gradient of."""
    absent = tuple(name for name in subject.graded if name not in candidate.grads)
    return (
        [Finding("not graded", f"the candidate returns no gradient of {', '.join(absent)}", absent)] if absent else []
    )
