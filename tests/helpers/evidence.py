"""Evidence for a verdict, made without worker processes: truth and budgets are real, peers are truth rounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from harness import candidate
from harness.budget import budgets
from harness.case import DEFAULT_SIZES, Case, from_seed
from harness.judge import Evidence
from harness.run import Participant
from harness.subject import Canonical
from references import extended
from references.model import Model
from references.protocol import Answer

LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True)


@cache
def sound(
    model: Model = LSTM, dtype: str = "float64", sizes: tuple[int, ...] = tuple(DEFAULT_SIZES.values())
) -> Evidence:
    """Evidence in which everybody is right."""
    return of(from_seed(model, dict(zip("TBDHK", sizes, strict=True)), dtype))


def of(case: Case, under_test: candidate.Candidate = candidate.own) -> Evidence:
    """What a candidate's answer to ``case`` amounts to, with two peers that agree with truth."""
    truth = extended.gradients(case.model, case.arrays)
    outcome = candidate.run(under_test, case)
    rounded = {name: grad.astype(case.dtype) for name, grad in truth.grads.items()}
    peer = Answer(truth.loss.astype(case.dtype), rounded, {}, case.fingerprint)
    return Evidence(
        subject=Canonical(case),
        candidate=outcome.answer,
        truth=truth,
        references={"one": peer, "two": peer},
        budgets=budgets(case, truth),
        participants=(
            Participant("handgrad", "candidate", "error" if outcome.answer is None else "judged", outcome.error),
            Participant("extended", "truth", "judged"),
            Participant("one", "reference", "judged"),
            Participant("two", "reference", "judged"),
        ),
        findings=outcome.findings,
    )


def with_candidate(evidence: Evidence, changed: Mapping[str, np.ndarray]) -> Evidence:
    """The same with some of the candidate's gradients replaced."""
    assert evidence.candidate is not None
    grads = evidence.candidate.grads | dict(changed)
    return replace(evidence, candidate=evidence.candidate._replace(grads=grads))


def with_peer(evidence: Evidence, name: str, changed: Mapping[str, np.ndarray]) -> Evidence:
    """The same with some of a reference's gradients replaced."""
    peer = evidence.references[name]
    peers = {**evidence.references, name: peer._replace(grads=peer.grads | dict(changed))}
    return replace(evidence, references=peers)
