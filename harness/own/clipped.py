"""Whether a gradient that differs is a right one, clipped: element by element, or all of it by its norm."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.budget import Budgets
from harness.run import Finding
from references.protocol import Answer


def clipped(candidate: Answer, truth: Answer, budgets: Budgets) -> list[Finding]:
    """One finding where every element is explained by a limit, and some of it would differ without one."""
    names = [name for name in candidate.grads if name in truth.grads and truth.grads[name].ndim > 0]
    got = {name: np.asarray(candidate.grads[name], float) for name in names}
    true = {name: np.asarray(truth.grads[name], float) for name in names}
    allowed = {name: budgets.grads[name] + truth.radius.get(name, 0.0) for name in names}
    if not names or not all(np.isfinite(grad).all() for grad in got.values()):
        return []
    return _by_element(got, true, allowed) or _by_norm(got, true, allowed)


Arrays = Mapping[str, np.ndarray]


def _by_element(got: Arrays, true: Arrays, allowed: Arrays) -> list[Finding]:
    limit = max(float(np.abs(grad).max()) for grad in got.values())
    if limit == 0:
        return []
    at = {name: np.abs(grad) == limit for name, grad in got.items()}
    explained = all(
        (np.abs(grad - np.clip(true[name], -limit, limit)) <= allowed[name]).all() for name, grad in got.items()
    )
    beyond = sum(int((at[name] & (np.abs(true[name]) > limit + allowed[name])).sum()) for name in got)
    if not explained or beyond < 2:  # a single largest element is wrong in another way as easily
        return []
    text = f"{beyond} elements stand at ±{limit:g} where they are larger, and all others are right: clip outside"
    return [Finding("clipped", text, tuple(name for name in got if at[name].any()))]


def _by_norm(got: Arrays, true: Arrays, allowed: Arrays) -> list[Finding]:
    def norm(arrays: Arrays) -> float:
        return float(np.sqrt(sum(float((array**2).sum()) for array in arrays.values())))

    whole, limit = norm(true), norm(got)
    if not 0 < limit < whole or len(got) < 2 or abs(limit - float(f"{limit:.2g}")) > 1e-9 * limit:
        return []  # a limit is a number that somebody wrote down
    factor = limit / whole
    if not all((np.abs(grad - factor * true[name]) <= allowed[name]).all() for name, grad in got.items()):
        return []
    text = f"all arrays together have the norm {limit:g}, and are {factor:.3g} times the right ones: clip outside"
    return [Finding("clipped", text, tuple(got))]
