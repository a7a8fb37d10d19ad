"""Forward faults: which small change of the equations a candidate computes, told from its loss."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from harness.brought import bring
from harness.candidate import own
from harness.candidates.process import Process
from harness.case import Case, from_seed
from harness.diagnosis import forward
from harness.diagnosis.forward_changes import changes
from harness.diagnosis.forward_run import Change, run
from harness.laid import Laid
from harness.options import Options
from references.model import Model

LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True)
MODELS = (
    LSTM,
    Model("lstm", "identity", "cotangent", "mean-b", 2, False),
    Model("rnn", "sigmoid", "half-squared-error", "mean", 1, True),
    Model("rnn", "tanh", "first-unit-squared-error", "sum", 0, False),
)


def drawn(model: Model) -> forward.Make:
    return lambda sizes, seed: from_seed(model, sizes, seed=104729 + seed)


def by_sentence(model: Model, sentence: str) -> Change:
    (found,) = [change for change in changes(model) if change.sentence == sentence]
    return found


def changed(*some: Change) -> forward.LossOf:
    return lambda case: (run(case.model, case.arrays, some)[0], {})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.cell}-{model.loss}")
def test_the_composition_without_changes_is_handgrads_forward(model: Model) -> None:
    case = from_seed(model, {"T": 5, "B": 3, "D": 4, "H": 6, "K": 7}, seed=2)
    loss, trace = run(model, case.arrays)
    answer = own(model, case.copies())
    assert loss == pytest.approx(float(answer.loss), rel=1e-13)
    for name, array in answer.trace.items():
        np.testing.assert_allclose(trace[name], array, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.cell}-{model.loss}")
def test_a_right_forward_departs_in_nothing(model: Model) -> None:
    def right(case: Case) -> tuple[float, Mapping[str, np.ndarray]]:
        answer = own(model, case.copies())
        return float(answer.loss), answer.trace

    assert forward.departs(right, model, drawn(model)) == ()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.cell}-{model.loss}")
def test_every_single_change_is_found_and_changes_the_loss(model: Model) -> None:
    known = changes(model)
    assert len({change.sentence for change in known}) == len(known)
    for change in random.Random(model.cell).sample(known, min(len(known), 30)):
        found = forward.departs(changed(change), model, drawn(model))
        assert change.sentence in {one.sentence for one in found}, change.sentence
        assert all(len(one.changes) == 1 for one in found)


@pytest.mark.parametrize(
    ("sentence", "tag"),
    [
        ("g lacks its tanh", "3"),
        ("i has tanh in place of σ", "2i"),
        ("h_t lacks its tanh", "5"),
        ("a lacks the bias b_hh", "1"),
        ("the gates i, f, g, o are taken from the blocks of i, f, o, g", "1"),
        ("W_hh is transposed, each gate by itself", "1"),
        ("the columns of x and h are taken in the order h, x in place of x, h", "1"),
        ("c_t reads h_{t-1} in place of c_{t-1}", "4"),
        ("c starts from zero, not from c0", "4"),
        ("z reads h_{t-1} in place of h_t", "6"),
        ("z lacks the bias b_y", "6"),
        ("L is divided by T, where it should not be", "7"),
    ],
)
def test_faults_that_people_make_are_among_the_changes(sentence: str, tag: str) -> None:
    (first, *_) = forward.departs(changed(by_sentence(LSTM, sentence)), LSTM, drawn(LSTM))
    assert (first.sentence, first.tags) == (sentence, (tag,))


def test_two_changes_at_once_are_found() -> None:
    both = [by_sentence(LSTM, one) for one in ("g lacks its tanh", "a lacks the bias b_ih")]
    found = forward.departs(changed(*both), LSTM, drawn(LSTM), seconds=20)
    assert {change.sentence for change in both} in [{change.sentence for change in one.changes} for one in found]
    case = from_seed(LSTM, {"T": 6, "B": 2, "D": 3, "H": 4, "K": 5}, seed=8)
    assert found[0].loss(case) == pytest.approx(run(LSTM, case.arrays, both)[0], rel=1e-12)


def test_a_forward_that_is_no_small_change_is_not_named() -> None:
    def other(case: Case) -> tuple[float, Mapping[str, np.ndarray]]:
        loss, trace = run(case.model, case.arrays)
        return loss + 0.01 * float((trace["h"] ** 3).sum()), {}

    model = MODELS[2]
    assert forward.departs(other, model, drawn(model), seconds=3) == ()


def test_a_nearly_right_loss_is_not_called_a_change() -> None:
    change = by_sentence(LSTM, "g lacks its tanh")

    def off(case: Case) -> tuple[float, Mapping[str, np.ndarray]]:
        return run(LSTM, case.arrays, [change])[0] * (1 + 1e-6), {}

    assert not any(len(one.changes) == 1 for one in forward.departs(off, LSTM, drawn(LSTM), seconds=1))


def test_a_change_must_give_the_declared_trace_too() -> None:
    change = by_sentence(LSTM, "in b_ih the gates i, f, g, o are taken from the blocks of f, i, g, o")

    def traced(case: Case) -> tuple[float, Mapping[str, np.ndarray]]:
        return run(LSTM, case.arrays, [change])

    def wrong_trace(case: Case) -> tuple[float, Mapping[str, np.ndarray]]:
        loss, trace = traced(case)
        return loss, {**trace, "g": trace["g"] + 0.1}

    assert [one.sentence for one in forward.departs(traced, LSTM, drawn(LSTM))] == [change.sentence]
    assert forward.departs(wrong_trace, LSTM, drawn(LSTM), seconds=1) == ()


@pytest.fixture
def swapped() -> Iterator[Laid]:
    folder = Path(str(resources.files("harness.casebook"))) / "nan-lstm"
    with Process(str(folder / "fault_4.py")) as process:
        laid = bring(process, Options()).laid
        assert laid is not None
        yield laid


def test_states_that_swap_roles_at_every_step_are_named(swapped: Laid) -> None:
    def loss_of(case: Case) -> tuple[float, Mapping[str, np.ndarray]] | None:
        answer = swapped.answer(case, times=1).answer
        return None if answer is None else (float(answer.loss), {})

    found = forward.departs(loss_of, swapped.layout.model, lambda sizes, seed: swapped.layout.case(sizes, seed=seed))
    assert found[0].sentence == "the states h and c are exchanged at every step"
    assert found[0].tags == ("1",)
