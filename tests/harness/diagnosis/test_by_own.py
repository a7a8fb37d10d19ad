"""Without a layout: arrays and their patterns, and what a layout would add."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness.diagnosis import by_own

RIGHT = """
import numpy as np

def loss_and_grads(params, data):
    W, b, x = params['W'], params['b'], data['x']
    y = x @ W + b
    return 0.5 * (y ** 2).sum(), {'W': x.T @ y, 'b': y.sum(axis=0)}

def example(seed):
    rng = np.random.default_rng(seed)
    return {'W': rng.normal(size=(3, 4)), 'b': rng.normal(size=4)}, {'x': rng.normal(size=(5, 3))}
"""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_own, "_EXAMPLE", 2.0)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("text", "instead", "patterns"),
    [
        ("'W': x.T @ y", "'W': 2 * x.T @ y", {"W": "constant ratio 2"}),
        (
            "'W': x.T @ y, 'b': y.sum(axis=0)",
            "'W': -x.T @ y, 'b': 0 * b",
            {"W": "constant ratio −1", "b": "exactly zero"},
        ),
        ("'W': x.T @ y", "'W': x.T @ y ** 2", {"W": ""}),
    ],
)
def test_each_wrong_array_has_its_pattern(tmp_path: Path, text: str, instead: str, patterns: dict[str, str]) -> None:
    assert RIGHT.count(text) == 1
    (tmp_path / "mine.py").write_text(RIGHT.replace(text, instead))
    told = harness.compare(candidate=tmp_path / "mine.py", diagnose=True).diagnosis
    assert told is not None
    assert {fault.tags[0]: fault.pattern for fault in told.faults} == patterns
    assert f"the gradient{'s' * (len(patterns) > 1)} of {', '.join(patterns)} " in told.sentence
    assert "without a layout no equation can be named" in told.sentence
    assert (told.equations, told.localised, told.method) == ((), False, "own forward alone")
    assert "python -m harness layout mine.py" in told.step
