"""The simplest explanation: sets of equations whose lifting leaves nothing unexplained, in units."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from traced_backward import noisy, traced

from harness.candidate import own
from harness.case import Case, from_seed
from harness.diagnosis.backward import SEVERAL, Backward
from harness.diagnosis.parity import Parity
from harness.diagnosis.search import Seen, explain
from references.model import Model

LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
RNN = Model("rnn", "tanh", "cotangent", "sum", 2, False)
TOLERANCE = 1e-8


@cache
def case_of(model: Model, seed: int) -> Case:
    case = from_seed(model, {"T": 3, "B": 2, "D": 7, "H": 2, "K": 2}, seed=seed)
    return Case(model, {**case.arrays, "x": np.eye(6, 7).reshape(3, 2, 7)}, "one-hot")


@cache
def parity(model: Model, seed: int) -> Parity:
    case = case_of(model, seed)
    return Parity(Backward(case), {name: np.ones(case.arrays[name].shape, bool) for name in model.differentiated})


def seen(model: Model, *broken: str, seed: int = 5) -> Seen:
    """What a candidate shows in which these quantities come out wrong in every entry."""
    grads, _ = traced(case_of(model, seed), noisy(*broken, seed=seed))
    relations = parity(model, seed)
    return Seen(relations, relations.violated(grads), TOLERANCE)


def tag_of(model: Model, quantity: str) -> str:
    return parity(model, 5).backward.by_quantity[quantity].tags[0]


def quantities(model: Model) -> list[str]:
    return [one.quantity for one in Backward(case_of(model, 5)).equations]


ALL = [(model, q) for model in (RNN, LSTM) for q in quantities(model)]


def test_what_is_sound_needs_nothing_and_is_explained_by_nothing() -> None:
    sound = seen(LSTM)
    assert sound.sound
    assert sound.explained(())
    assert sound.explained(("4*i",))
    assert not any(map(sound.needs, sound.parity.tags))


@pytest.mark.parametrize(("model", "quantity"), ALL, ids=lambda value: getattr(value, "cell", value))
def test_a_broken_equation_explains_what_it_does(model: Model, quantity: str) -> None:
    one, tag = seen(model, quantity), tag_of(model, quantity)
    assert not one.sound
    assert not one.explained(())
    assert one.explained((tag,))
    assert one.explained((tag, "1*x")) and one.explained(("1*x", tag))
    assert not any(one.needs(other) for other in one.parity.tags if other != tag)


def test_an_equation_out_of_sight_explains_nothing() -> None:
    assert not seen(LSTM, "dc").explained(("no such equation",))


@pytest.mark.parametrize(
    ("broken", "wrong"), [("dc", "4*f"), ("df", "5*c"), ("dh_next", "1*U"), ("dW_hh", "1*h"), ("dx", "1*0")]
)
def test_another_equation_does_not_explain_it(broken: str, wrong: str) -> None:
    assert not seen(LSTM, broken).explained((wrong,))


@pytest.mark.parametrize(
    ("model", "quantity"),
    [(model, q) for model, q in ALL if q not in ("da", "da_summed")],  # of many parts, and seen below
    ids=lambda value: getattr(value, "cell", value),
)
def test_one_broken_equation_is_one_unit(model: Model, quantity: str) -> None:
    found = explain([seen(model, quantity, seed=seed) for seed in (5, 6)])
    assert found is not None
    assert len(found.units) == 1
    assert tag_of(model, quantity) in found.units[0]


def test_units_are_those_that_nothing_tells_apart() -> None:
    for quantity, unit in (("di", {"4*i", "2*i"}), ("da_f", {"4*f", "2*f"}), ("da_g", {"4*g", "3*"})):
        found = explain([seen(LSTM, quantity)])
        assert found is not None
        assert {frozenset(one) for one in found.units} == {frozenset(unit)}


@pytest.mark.parametrize(
    "broken",
    [("df", "dW_hh"), ("dh_next", "da_g"), ("dx", "dh0"), ("dc_next", "do", "db_ih")],
    ids=" ".join,
)
def test_several_broken_equations_are_a_unit_each(broken: Sequence[str]) -> None:
    found = explain([seen(LSTM, *broken, seed=seed) for seed in (5, 6)])
    assert found is not None
    assert len(found.units) == len(broken)
    for quantity in broken:
        assert any(tag_of(LSTM, quantity) in unit for unit in found.units)


def test_what_is_broken_in_one_case_alone_is_found_too() -> None:
    found = explain([seen(LSTM), seen(LSTM, "df", seed=6)])
    assert found is not None
    assert any("4*f" in unit for unit in found.units)


def test_more_broken_equations_than_allowed_are_no_explanation() -> None:
    many = seen(LSTM, "df", "dh_next", "dx", "db_ih", "dh0", "dW_ih")
    found = explain([many], most=1)
    needed = [tag for tag in many.parity.tags if many.needs(tag)]
    assert found is None or len(found.units) >= len(needed) > 1


def test_nothing_that_costs_too_much_is_told() -> None:
    one = [seen(LSTM, "df"), seen(LSTM, "df", seed=6)]
    found = explain(one)
    assert found is not None
    assert found.cost >= 1
    assert explain(one, below=found.cost / 2) is None
    assert explain(one, below=found.cost + 1) is not None


def test_the_smaller_set_wins() -> None:
    one = explain([seen(LSTM, "dc")])
    two = explain([seen(LSTM, "dc", "dx")])
    assert one is not None and two is not None
    assert one.cost < two.cost


def test_sums_that_are_wrong_alike_are_all_of_them_and_else_their_own() -> None:
    case = case_of(RNN, 5)
    relations, grads = parity(RNN, 5), dict(own(RNN, case.copies()).grads)
    together, _ = traced(case, noisy("da_summed"))
    found = explain([Seen(relations, relations.violated(together), TOLERANCE)])
    assert found is not None
    assert {tag for unit in found.units for tag in unit[0].split(SEVERAL)} == {"1*W", "1*U", "1*b"}
    bias = {**grads, "b_ih": 2 * grads["b_ih"], "b_hh": 2 * grads["b_hh"]}
    found = explain([Seen(relations, relations.violated(bias), TOLERANCE)])
    assert found is not None
    assert found.units == (("1*b",),)
