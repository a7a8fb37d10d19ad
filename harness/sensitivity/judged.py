"""The default judgement of a model, with truth and budgets at hand, for many candidates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from harness import companions, truth
from harness.budget import budgets
from harness.candidate import Candidate, run
from harness.case import from_seed
from harness.companions import Companion
from harness.judge import Evidence, at_once, judge
from harness.run import Judgement, Participant
from references.model import Model


@cache
def cases(model: Model, dtype: str) -> tuple[Companion, ...]:
    """The default case of a model and its companions: what `harness.compare` judges by default."""
    return (known(model, dtype, 0), *companions.of(model, dtype, True))


@cache
def known(model: Model, dtype: str, seed: int) -> Companion:
    """The default case of a seed with its truth and budgets."""
    case = from_seed(model, dtype=dtype, seed=seed)
    reference, reason = truth.choose(case)
    if reason:
        raise RuntimeError(f"no truth to judge by: {reason}")
    answer = reference.gradients(case.model, case.arrays)
    return Companion(case, reference.NAME, answer, budgets(case, answer))


def seen_by(candidate: Candidate, judging: Iterator[Companion]) -> str:
    """The first case on which a candidate is found to differ, or to fail; empty where there is none."""
    for one in judging:
        if verdict(candidate, one).verdict in ("differ", "error"):
            return one.case.source
    return ""


def verdict(candidate: Candidate, one: Companion) -> Judgement:
    """A candidate's judgement on one case, by truth alone."""
    outcome = run(candidate, one.case, times=1)
    status = "error" if outcome.answer is None else "judged"
    evidence = Evidence(
        case=one.case,
        candidate=outcome.answer,
        truth=one.truth,
        references={},
        budgets=one.budgets,
        participants=(
            Participant("candidate", "candidate", status, outcome.error),  # type: ignore[arg-type]
            Participant(one.truth_name, "truth", "judged"),
        ),
        findings=outcome.findings,
        companion=True,
    )
    return at_once(evidence) or judge(evidence)


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
