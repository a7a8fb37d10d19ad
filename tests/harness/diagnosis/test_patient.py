"""A candidate that hangs is asked no more; that it is asked is told."""

from __future__ import annotations

import numpy as np
import planted
import pytest
from planted import RNN

from harness.case import Case
from harness.diagnosis import patient
from harness.diagnosis.asking import Asked
from harness.diagnosis.patient import Patient


def test_it_tells_how_far_it_is() -> None:
    told: list[tuple[str, float]] = []
    ask = Patient(planted.faulted(), RNN, "float64", lambda words, share: told.append((words, share)))
    for _ in range(30):
        assert ask(ask.make({"T": 1, "B": 1, "D": 1, "H": 1})) is not None
    assert {words for words, _ in told} == {"equations"}
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1] < 1) == (0.0, True)


def test_questions_without_an_answer_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0.0, 1e4, 4.0))  # each question takes four seconds
    monkeypatch.setattr(patient.time, "monotonic", lambda: float(next(clock)))
    asked: list[Case] = []
    monkeypatch.setattr(Asked, "__call__", lambda self, case: asked.append(case))
    ask = Patient(planted.faulted(), RNN, "float64", lambda words, share: None)
    case = ask.make({"T": 1, "B": 1, "D": 1, "H": 1})
    assert not ask.hangs
    assert [ask(case) for _ in range(9)] == [None] * 9
    assert (len(asked), ask.hangs) == (3, True)
