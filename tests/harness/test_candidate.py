"""A backward pass must be a function: what is none is impure, whatever its gradients."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from evidence import LSTM, of

import handgrad
from harness import candidate
from harness.candidate import Candidate, own
from harness.case import from_seed
from harness.judge import judge
from references.model import Model

Arrays = dict[str, np.ndarray]
CASE = from_seed(LSTM)


def test_sound_code_is_a_function() -> None:
    outcome = candidate.run(own, CASE)
    assert (outcome.findings, outcome.error) == ((), "")
    assert outcome.answer is not None
    assert outcome.answer.fingerprint == CASE.fingerprint


def test_longdouble_is_compared_by_value() -> None:
    """The padding bytes of a longdouble are random."""

    def wide(model: Model, arrays: Arrays) -> handgrad.Gradients:
        return own(model, {name: a if a.dtype.kind == "i" else a.astype(np.longdouble) for name, a in arrays.items()})

    assert candidate.run(wide, CASE).findings == ()


def _changes_arguments(model: Model, arrays: Arrays) -> handgrad.Gradients:
    right = own(model, arrays)
    arrays["h0"] += 1
    return right


def _remembers() -> Candidate:
    calls = count()

    def remembers(model: Model, arrays: Arrays) -> handgrad.Gradients:
        right = own(model, arrays)
        right.grads["W_hh"][0, 0] *= 1 + np.finfo(float).eps * next(calls)  # well within the budget
        return right

    return remembers


def _accumulates() -> Candidate:
    total: Arrays = {}

    def accumulates(model: Model, arrays: Arrays) -> handgrad.Gradients:
        right = own(model, arrays)
        for name, grad in right.grads.items():
            total[name] = total.get(name, 0) + grad
        return right._replace(grads=total)

    return accumulates


@pytest.mark.parametrize(
    ("impure", "text"),
    [
        (_changes_arguments, "it changes its arguments: h0"),
        (_remembers(), "answers differently: W_hh"),
        (_accumulates(), "answers differently: "),
    ],
)
def test_impurity_is_found_and_is_the_reason(impure: Candidate, text: str) -> None:
    judgement = judge(of(CASE, impure))
    assert judgement.verdict == "differ"
    (finding,) = [found for found in judgement.findings if found.name == "impure"]
    assert text in finding.text
    assert finding.text in judgement.reason


def _float32(model: Model, arrays: Arrays) -> handgrad.Gradients:
    right = own(model, arrays)
    return right._replace(grads={name: grad.astype(np.float32) for name, grad in right.grads.items()})


def test_low_precision_is_named() -> None:
    (finding,) = candidate.run(_float32, CASE).findings
    assert (finding.name, finding.text) == ("low precision", "float32 comes back where float64 went in")


def _answering(grads: Arrays, loss: float = 1.0) -> Candidate:
    return lambda model, arrays: handgrad.Gradients(np.float64(loss), grads, {})


def _raises(model: Model, arrays: Arrays) -> handgrad.Gradients:
    raise RuntimeError("boom")


@pytest.mark.parametrize(
    ("failing", "text"),
    [
        (_raises, "RuntimeError: boom"),
        (_answering({"W_ih": np.zeros((64, 8))}), "W_ih: got a gradient of shape (64, 8), W_ih has (64, 7)"),
        (_answering({"W_xh": np.zeros((64, 7))}), "W_xh: got a gradient for it, allowed: W_ih, W_hh"),
        (_answering({"W_ih": np.zeros((64, 7), int)}), "W_ih: got a gradient of dtype int64, needs a float one"),
        (_answering({}), "grads: got none"),
    ],
)
def test_failures_are_one_line_each_and_an_error(failing: Candidate, text: str) -> None:
    judgement = judge(of(CASE, failing))
    assert judgement.verdict == "error"
    assert text in judgement.reason
