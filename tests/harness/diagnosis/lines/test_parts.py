"""The parts of the search: visits and steps, shapes, names."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnosis.lines.entries import Entry
from harness.diagnosis.lines.forms import Forms
from harness.diagnosis.lines.naming import likeness
from harness.diagnosis.lines.recognised import ZERO, Recogniser
from harness.diagnosis.lines.visits import Plan, plans

T = 3
RNG = np.random.default_rng(0)
DA, W = RNG.normal(size=(T, 2, 5)), RNG.normal(size=(5, 5))
ENTRIES = [
    Entry("da", ("T", "B", "H"), DA),
    Entry("dh_next", ("T", "B", "H"), DA + 1, np.full((2, 5), 9.0)),
    Entry("W_hh", ("H0", "H1"), W),
]


def test_every_visit_of_a_plan_belongs_to_one_step_and_phase() -> None:
    for plan in plans(12, T):
        visits = sorted(visit for phase in range(plan.phases) for visit, _ in plan.of(phase, T))
        assert visits == list(range(12)), plan


def test_the_usual_plan_comes_first() -> None:
    assert next(plans(3, T)) == Plan(1, True, True, "")
    assert Plan(1, True, True, "").of(0, T) == [(0, 2), (1, 1), (2, 0)]
    assert Plan(4, True, True, "").of(1, T) == [(1, 2), (5, 1), (9, 0)]
    assert next(plans(2, T)).of(0, T) == [(0, 2), (1, 1)]
    assert list(plans(1, T)) == []


@pytest.mark.parametrize("shape", [(2, 5), (5, 2), (2, 1, 5), (1, 5, 2)])
def test_a_step_comes_in_every_order(shape: tuple[int, ...]) -> None:
    form = next(form for form in Forms(ENTRIES, T).steps(shape) if form.name == "da")
    assert form.array.shape == (T, *shape)
    squeezed = form.array[1].squeeze()
    np.testing.assert_array_equal(squeezed if squeezed.shape == (2, 5) else squeezed.T, DA[1])


@pytest.mark.parametrize(("shape", "right"), [((6, 5), DA.reshape(6, 5)), ((5, 6), DA.reshape(6, 5).T)])
def test_all_steps_come_as_rows_too(shape: tuple[int, ...], right: np.ndarray) -> None:
    assert any(np.array_equal(form.array, right) for form in Forms(ENTRIES, T).whole(shape))


def test_what_is_carried_comes_from_the_step_after_and_ends_with_the_final_cotangent() -> None:
    later = next(form for form in Forms(ENTRIES, T).steps((2, 5)) if form.name == "dh_next" and form.time == "later")
    np.testing.assert_array_equal(later.array[:-1], DA[1:] + 1)
    assert (later.array[-1] == 9).all()


def test_a_square_weight_and_its_transpose_are_two() -> None:
    keys = {form.key for form in Forms(ENTRIES, T).whole((5, 5))}
    assert keys == {("W_hh", ("H0", "H1"), "whole"), ("W_hh", ("H1", "H0"), "whole")}


def test_values_are_recognised_and_others_are_not() -> None:
    recogniser = Recogniser(Forms(ENTRIES, T), 1e-8)
    [match] = recogniser.matches(DA[1].T.copy())
    assert (match.name, match.step) == ("da", 1)
    assert recogniser.matches(np.zeros((2, 5)))[0].name == ZERO
    assert recogniser.matches(DA[1] * 1.001) == ()


@pytest.mark.parametrize(
    ("variable", "fits", "not_so"),
    [
        ("di", "di", "dc"),
        ("d_gates['input']", "di", "df"),
        ("dhidden", "dh", "h"),
        ("do_raw", "da_o", "do"),
        ("h_prev", "h_prev", "h"),
        ("self.d_cell_prev", "dc_next", "dc"),
        ("delta_h", "dh", "injected dh"),
        ("forget", "f", "df"),
    ],
)
def test_a_name_speaks_for_what_it_means(variable: str, fits: str, not_so: str) -> None:
    assert likeness(variable, fits) > likeness(variable, not_so)


def test_a_name_that_says_nothing_fits_nothing() -> None:
    assert likeness("tmp", "dh") == likeness("s", "h_prev") == likeness("dc", "dh ⊙ o") == 0
