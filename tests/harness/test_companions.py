"""Companions: what each is for is seen by it, and the sound candidate passes all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import handgrad
import harness
from handgrad.cells import lstm
from harness import companions, truth
from harness.candidate import own
from harness.case import DTYPES
from harness.run import Run
from references import equations, extended
from references.equations import losses
from references.model import Model

LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, readout=False)


def _disagreeing(run: Run) -> set[str]:
    return {companion.case.source for companion in run.companions if companion.verdict != "agree"}


def _judged(monkeypatch: pytest.MonkeyPatch, broken: object) -> Run:
    """The default judgement of the default candidate, whose lstm has another backward."""
    monkeypatch.setattr(lstm, "backward", broken)
    return harness.compare(references=(), shape="T=5,B=2,D=3,H=4,K=6")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", equations.cells())
def test_the_sound_candidate_agrees_with_every_companion(cell: str, loss: str, dtype: str) -> None:
    run = harness.compare(cell=cell, loss=loss, dtype=dtype, references=(), shape="T=5,B=2,D=3,H=4")
    assert run.verdict == "agree"
    assert len(run.companions) >= 6
    assert _disagreeing(run) == set()
    assert run.companion_seconds > 0


def test_alone_there_are_none() -> None:
    assert harness.compare(references=(), alone=True).companions == ()


def test_a_clip_above_every_ordinary_entry_is_seen_by_huge_cotangents_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = lstm.backward

    def clipped(tape: lstm.Tape, G: np.ndarray, final: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return sound(tape, np.clip(G, -50, 50), final)

    run = _judged(monkeypatch, clipped)
    assert run.judgements[0].verdict == "agree"
    assert _disagreeing(run) == {"huge (× 2²⁰) cotangents"}
    assert run.verdict == "differ"
    assert run.exit_code == 1


def test_an_offset_below_every_budget_is_seen_by_small_cotangents_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = lstm.backward

    def offset(tape: lstm.Tape, G: np.ndarray, final: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return sound(tape, G + 1e-23, final)

    assert _disagreeing(_judged(monkeypatch, offset)) == {"zero cotangents"}


def test_a_truncation_longer_than_the_given_case_is_seen_by_the_long_companion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adjoints of the states are cut at step 12: what is before has only its own cotangents."""
    sound = lstm.backward

    def truncated(tape: lstm.Tape, G: np.ndarray, final: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        grads = sound(tape, G, final)
        if len(G) > 12:
            cut = G.copy()
            cut[12:] = 0
            grads["x"][:12] = sound(tape, cut, {name: 0 * state for name, state in final.items()})["x"][:12]
        return grads

    assert _disagreeing(_judged(monkeypatch, truncated)) == {"forty steps of cotangents"}


def test_what_is_wrong_at_a_single_step_only_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = lstm.backward

    def off_at_one(tape: lstm.Tape, G: np.ndarray, final: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return sound(tape, 2 * G if len(G) == 1 else G, final)

    assert _disagreeing(_judged(monkeypatch, off_at_one)) == {"one step", "one step of cotangents"}


def test_huge_targets_are_huge_cotangents_of_a_squared_loss() -> None:
    model = replace(LSTM, loss="squared-error", readout=True)
    made = {one.case.source: one for one in companions.of(model, "float64", any_model=False)}
    assert set(made) == {"one step", "five steps", "huge targets", "forty steps", "large readout"}

    def clipped(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        near = own(model, arrays).trace["z"] + np.clip(arrays["y"] - own(model, arrays).trace["z"], -1e3, 1e3)
        sound, wrong = own(model, arrays), own(model, arrays | {"y": near})
        return wrong._replace(loss=sound.loss)

    run = harness.compare(loss="squared-error", references=(), candidate=clipped)
    assert _disagreeing(run) == {"huge targets"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_scaled_truth_and_budgets_are_what_the_scaled_case_gives(dtype: str) -> None:
    for one in companions.of(LSTM, dtype, any_model=True):
        direct = extended.gradients(one.case.model, one.case.arrays)
        for name, grad in direct.grads.items():
            assert np.array_equal(grad, one.truth.grads[name]), (one.case.source, name)
            assert (one.budgets.grads[name] > 0).all()
        assert direct.loss == one.truth.loss


def test_a_candidate_made_for_one_size_is_judged_by_what_it_can_run() -> None:
    def of_one_size(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        if arrays["x"].shape != (12, 4, 7):
            raise ValueError("x has the wrong shape")
        return own(model, arrays)

    run = harness.compare(references=(), candidate=of_one_size)
    assert run.verdict == "agree"
    assert run.companions == ()
    texts = [finding.text for finding in run.findings if finding.name == "not run"]
    names = "one step, five steps, forty steps, large readout"
    assert texts == [f"the candidate does not run on the companion cases {names}: ValueError: x has the wrong shape"]


def test_a_limit_inside_the_backward_shows_by_a_large_readout() -> None:
    def limited(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        right = own(model, arrays)
        return right._replace(grads=right.grads | {"h0": np.clip(right.grads["h0"], -6, 6)})

    run = harness.compare(references=(), candidate=limited)
    assert _disagreeing(run) == {"large readout"}


def test_there_are_none_where_no_truth_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "PREFERRED", ("extended",))
    monkeypatch.setattr(extended, "too_narrow", lambda dtype: "longdouble is narrow")
    assert companions.of.__wrapped__(LSTM, "float64", True) == ()


def test_a_loss_that_overflows_on_a_companion_only_is_said_and_its_gradient_judged() -> None:
    def overflowing(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        right = own(model, arrays)
        return right._replace(loss=np.inf if np.abs(arrays["W_hy"]).max() > 10 else right.loss)

    run = harness.compare(references=(), candidate=overflowing)
    assert run.verdict == "agree"
    [text] = [finding.text for finding in run.findings if finding.name == "non-finite"]
    assert text.startswith("on the companion case large readout the loss is inf")

    def wrong_too(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        there = overflowing(model, arrays)
        factor = 1 if np.isfinite(there.loss) else 1.001
        return there._replace(grads={name: factor * grad for name, grad in there.grads.items()})

    assert _disagreeing(harness.compare(references=(), candidate=wrong_too)) == {"large readout"}
