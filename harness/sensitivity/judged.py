"""The default judgement of a model, with truth and budgets at hand, for many candidates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from harness import companions
from harness.candidate import Candidate, InProcess
from harness.case import from_seed
from harness.companions import Companion
from harness.run import Judgement
from harness.session import Session
from harness.workers import Workers
from references.model import Model


@cache
def cases(model: Model, dtype: str) -> tuple[Companion, ...]:
    """The default case of a model and its companions: what `harness.compare` judges by default."""
    return (default(model, dtype, 0), *companions.of(model, dtype, True))


@cache
def default(model: Model, dtype: str, seed: int) -> Companion:
    """The default case of a seed with its truth and budgets."""
    return companions.known(from_seed(model, dtype=dtype, seed=seed))


def seen_by(candidate: Candidate, judging: Iterator[Companion]) -> str:
    """The first case on which a candidate is found to differ, or to fail; empty where there is none."""
    for one in judging:
        if verdict(candidate, one).verdict in ("differ", "error"):
            return one.case.source
    return ""


def verdict(candidate: Candidate, one: Companion) -> Judgement:
    """A candidate's judgement on one case, by truth alone."""
    return Session((), Workers(()), InProcess(candidate)).accompany(one)


def effect(candidate: Candidate, one: Companion) -> float:
    """The largest |Δ| ÷ largest |true entry| over the arrays of a case; of what is not finite, infinite."""
    answer = candidate(one.case.model, one.case.copies())
    worst = 0.0
    for name in one.case.model.graded:
        true = one.truth.grads[name]
        largest = float(np.abs(true).max())
        delta = float(np.abs(answer.grads[name] - true).max())
        if largest > 0:
            worst = max(worst, delta / largest if np.isfinite(delta) else np.inf)
    return worst
