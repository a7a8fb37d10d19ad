"""Truth: the best that can be had, named in the run, or the one that was asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest

import harness
from harness import truth
from harness.case import from_seed
from harness.errors import BadInput
from references import extended, protocol
from references.model import Model
from references.protocol import Answer

CASE = from_seed(Model("lstm", "tanh", "cotangent", "sum", 2, readout=False), {"T": 5, "B": 2, "D": 3, "H": 4, "K": 1})
NARROW = "longdouble has 53 bits of precision on this platform, no more than float64"


def test_extended_is_the_default() -> None:
    reference, reason = truth.choose(CASE)
    assert (reference.NAME, reason) == ("extended", "")


def test_where_longdouble_is_narrow_the_next_best_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flint", reason="python-flint is not installed")
    monkeypatch.setattr(extended, "too_narrow", lambda dtype: NARROW)
    run = harness.compare(case=CASE, references=())
    assert run.verdict == "agree"
    assert run.judgements[0].truth == "certified"
    assert 0 < run.judgements[0].proven_ulp < 50
    assert run.judgements[0].unproven == ()


def test_where_nothing_is_fit_the_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extended, "too_narrow", lambda dtype: NARROW)
    missing = "flint not installed: pip install 'handgrad[certified]'"
    monkeypatch.setattr(protocol, "missing", lambda reference: missing if reference.NAME == "certified" else "")
    run = harness.compare(case=CASE, references=(), alone=True)
    assert run.verdict == "inconclusive"
    assert run.judgements[0].reason == f"no truth to judge by: extended: {NARROW}; certified: {missing}"


def test_the_truth_that_is_asked_for_is_taken() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    run = harness.compare(case=CASE, references=("torch",), truth="torch")
    judgement = run.judgements[0]
    assert run.verdict == "agree"
    assert judgement.truth == "torch"
    assert judgement.references == ("torch",)  # once, though it was named twice
    assert math.isnan(judgement.proven_ulp)


def test_an_unknown_truth_is_refused() -> None:
    with pytest.raises(BadInput, match=r"truth: got 'theory', allowed: .*certified.*extended"):
        harness.compare(truth="theory")


def test_a_sample_is_no_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flint", reason="python-flint is not installed")
    from references import certified, patience

    monkeypatch.setattr(certified, "WORKER", "")
    monkeypatch.setattr(certified, "_seconds", lambda model, ready: 1.5 * patience.LIMIT)
    run = harness.compare(case=CASE, references=(), truth="certified", alone=True)
    assert run.verdict == "inconclusive"
    assert "a sample, " in run.judgements[0].reason


def test_a_sample_judges_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flint", reason="python-flint is not installed")
    from references import certified, patience

    monkeypatch.setattr(certified, "WORKER", "")
    monkeypatch.setattr(certified, "_seconds", lambda model, ready: 1.5 * patience.LIMIT)
    run = harness.compare(case=CASE, references=("certified",), alone=True)
    judgement = run.judgements[0]
    assert run.verdict == "agree"
    assert {row.array for row in judgement.rows if row.reference == "certified"} == {"x", "h0", "c0"}
    assert judgement.unproven == ("W_ih", "W_hh", "b_ih", "b_hh")
    assert next(part.note for part in judgement.participants if part.name == "certified").startswith("a sample")


def test_what_does_not_know_every_element_is_no_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Central differences across a kink know nothing there: what is not compared must not agree."""
    from references import central_difference

    def with_a_gap(model: Model, arrays: dict[str, np.ndarray], device: str = "cpu") -> Answer:
        answer = extended.gradients(model, arrays)
        radius = {name: np.zeros(grad.shape) for name, grad in answer.grads.items()}
        radius["W_hh"][0, 0] = np.inf
        return answer._replace(radius=radius)

    monkeypatch.setattr(central_difference, "WORKER", "")
    monkeypatch.setattr(central_difference, "gradients", with_a_gap)
    run = harness.compare(case=CASE, references=(), truth="central-difference", alone=True)
    assert run.verdict == "inconclusive"
    assert run.judgements[0].reason.endswith("central-difference: it cannot tell 1 elements")
