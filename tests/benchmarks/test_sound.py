"""What is sound is never accused, and what is not is: the command counts both."""

from __future__ import annotations

import numpy as np
import pytest

import handgrad
from benchmarks import sound
from harness.candidate import own
from harness.case import DTYPES
from references.equations import losses
from references.model import Model


def test_a_handful_of_sound_cases_is_not_accused(capsys: pytest.CaptureFixture[str]) -> None:
    assert sound.main(["--cases", "12", "--seed", "3"]) == 0
    assert capsys.readouterr().out.endswith("12 sound cases, seed 3: 0 accused\n")


def test_what_is_wrong_is_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def doubled(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        given = own(model, arrays)
        return given._replace(grads={**given.grads, "W_hh": 2 * given.grads["W_hh"]})

    right = sound.accused
    monkeypatch.setattr(sound, "accused", lambda one: right(one, doubled))
    assert sound.main(["--cases", "3"]) == 1
    out = capsys.readouterr().out
    assert out.count("1*U") == 3
    assert out.endswith("3 accused\n")


def test_everything_is_drawn() -> None:
    source = sound.drawn(0)
    ones = [next(source) for _ in range(200)]
    assert {one.model.cell for one in ones} == set(handgrad.cells.names())
    assert {one.model.loss for one in ones} == set(losses.NAMES)
    assert {one.dtype for one in ones} == set(DTYPES)
    assert {(one.weights_only, one.ends) for one in ones} == {(a, b) for a in (True, False) for b in (True, False)}
    assert len({one.seed for one in ones}) > 190


@pytest.mark.parametrize("seed", [970742, 181079, 552182])
def test_a_saturated_loss_in_float32_is_not_accused(seed: int) -> None:
    """With large predictions the factor s (1 − s) of its cotangent is rounding."""
    model = Model("rnn", "identity", "sigmoid-half-squared-error", "sum", 2, True)
    one = sound.Drawn(model, "float32", {"T": 2, "B": 2, "D": 5, "H": 3, "K": 3}, seed, False, True)
    assert sound.accused(one) == ()
