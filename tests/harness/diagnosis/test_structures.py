"""Mistakes of the loop, the tape and the stacking: each another backward pass, and those of the bank among them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

from harness.bank.catalogue import catalogue
from harness.bank.fault import TAPE, Fault
from harness.case import Case, from_seed
from harness.diagnosis import known_switched
from harness.diagnosis.backward import Backward
from harness.diagnosis.structures import LOOP, STACK, Structure, structures
from references.model import Model

LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
RNN = Model("rnn", "tanh", "cotangent", "sum", 2, False)
#: as long as the longest truncation; and one with batch entries and hidden units to be mixed up
LONG = {"T": 10, "B": 1, "D": 2, "H": 1, "K": 1}
WIDE = {"T": 4, "B": 3, "D": 2, "H": 2, "K": 2}
#: of the loop, but no other order of its steps: each is visited twice, or every loss has a loop of its own
NOT_AN_ORDER = ("twice", "window")


def joined(model: Model, grads: Mapping[str, np.ndarray], prefix: str = "") -> np.ndarray:
    return np.concatenate([grads[f"{prefix}{name}"].ravel() for name in model.differentiated])


@cache
def case_of(model: Model, long: bool) -> Case:
    return from_seed(model, LONG if long else WIDE, seed=4)


@cache
def built(model: Model, long: bool) -> dict[Structure, np.ndarray]:
    """The gradients of every structure that such a case is meant to show."""
    case = case_of(model, long)
    of_loop = [one for one in structures(model) if LOOP in one.tags] if long else []
    others = [] if long else [one for one in structures(model) if LOOP not in one.tags]
    return {one: joined(model, one.build(case).right, "d") for one in of_loop + others}


def equal(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).max() <= 1e-11 * np.abs(other).max())


def planted() -> list[Fault]:
    """Every fault of the bank in how the loop runs, the tape is read, or da is stacked."""
    found = []
    for one in catalogue(weak=False):
        if one.cell not in ("rnn", "lstm") or not one.concerns(Model(one.cell, "tanh", "cotangent", "sum", 2, False)):
            continue
        of_stack = one.equation == STACK and one.kind == "stacking"
        if one.equation in (LOOP, TAPE) or of_stack:
            found.append(one)
    return [one for one in found if not any(word in one.id for word in NOT_AN_ORDER)]


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_every_such_fault_of_the_bank_is_one_of_them_and_has_its_equation(cell: str) -> None:
    model = {"rnn": RNN, "lstm": LSTM}[cell]
    faults = [one for one in planted() if one.cell == cell]
    assert len(faults) > (10 if cell == "rnn" else 60)
    faulted = known_switched.gradients([[one for one in faults if one.equation == tag] for tag in (LOOP, TAPE, STACK)])
    for one in faults:
        long = one.equation == LOOP
        wrong = joined(model, faulted([one], case_of(model, long)))
        same = [structure for structure, right in built(model, long).items() if equal(wrong, right)]
        assert any(one.equation in structure.tags for structure in same), one.id


@pytest.mark.parametrize("model", [RNN, LSTM], ids=["rnn", "lstm"])
def test_each_is_another_backward_pass_than_the_right_one_and_all_others(model: Model) -> None:
    for long in (True, False):
        right = joined(model, Backward(case_of(model, long)).right, "d")
        wrong = list(built(model, long).items())
        for k, (structure, grads) in enumerate(wrong):
            if structure.sentence.endswith(("last 10 steps alone", "every 10 steps")):  # longer than LONG shows
                assert equal(grads, right)
                continue
            assert not equal(grads, right), structure.sentence
            twins = [other.sentence for other, those in wrong[:k] if equal(grads, those)]
            assert not twins, (structure.sentence, twins)


def test_sentences_are_unique_and_only_cells_with_gates_have_tapes_and_stacks() -> None:
    for model, tags in ((RNN, {LOOP}), (LSTM, {LOOP, TAPE, STACK})):
        found = list(structures(model))
        assert {one.tags[0] for one in found} == tags
        assert len({one.sentence for one in found}) == len(found)


def test_a_truncated_carry_of_the_one_state_cannot_be_told_from_its_own_equation() -> None:
    for model, tags in ((RNN, (LOOP, "1*h")), (LSTM, (LOOP,))):
        assert {one.tags for one in structures(model) if "cut off" in one.sentence} == {tags}


def test_a_single_step_is_enough_to_build_all() -> None:
    for model in (RNN, LSTM):
        case = from_seed(model, {"T": 1, "B": 1, "D": 1, "H": 1, "K": 1})
        for one in structures(model):
            assert all(np.isfinite(value).all() for value in one.build(case).right.values()), one.sentence
