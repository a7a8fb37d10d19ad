"""The screen by itself: what it lets pass, and what it must not."""

from __future__ import annotations

import numpy as np
import pytest

from harness.budget import pooled
from harness.training.screen import KEPT, SLACK, Sample, Screen

SHAPES = {"W_hh": (6, 3), "b_ih": (6,)}
BLOCKS = {"W_hh": 2, "b_ih": 2}
P = 24
DATA = {"x": np.arange(4.0)}


@pytest.fixture
def screen() -> Screen:
    return Screen(P)


@pytest.fixture
def sample() -> Sample:
    return Sample(SHAPES, BLOCKS)


@pytest.fixture
def reference() -> np.ndarray:
    return np.random.default_rng(0).normal(size=P)


def test_nothing_passes_before_anything_was_judged(screen: Screen, reference: np.ndarray) -> None:
    assert not screen.passes(DATA, reference, reference)


@pytest.mark.parametrize("at", range(0, P, 5))
def test_half_a_neighbours_budget_passes_and_more_does_not(screen: Screen, reference: np.ndarray, at: int) -> None:
    budget = np.linspace(1e-15, 1e-13, P)
    screen.learn(DATA, budget)
    hand = reference.copy()
    hand[at] += 0.4 * budget[at]
    assert screen.passes(DATA, hand, reference)
    hand[at] += 0.3 * budget[at]
    assert not screen.passes(DATA, hand, reference)


def test_of_several_neighbours_the_smallest_budget_counts_and_old_ones_are_forgotten(
    screen: Screen, reference: np.ndarray
) -> None:
    hand = reference + 0.4e-13
    screen.learn(DATA, np.full(P, 1e-14))
    screen.learn(DATA, np.full(P, 1e-13))
    assert not screen.passes(DATA, hand, reference)
    for _ in range(KEPT - 1):
        screen.learn(DATA, np.full(P, 1e-13))
    assert screen.passes(DATA, hand, reference)


def test_neighbours_of_other_data_say_nothing(screen: Screen, reference: np.ndarray) -> None:
    screen.learn(DATA, np.full(P, 1e-3))
    other = {"x": DATA["x"] + 2**-52}
    assert not screen.passes(other, reference + 1e-4, reference)
    screen.learn(other, np.full(P, 1e-6))
    assert not screen.passes(other, reference + 1e-4, reference)  # nor do theirs, once it has some of its own
    assert screen.passes(other, reference + 1e-7, reference)


def test_budgets_that_cannot_judge_let_nothing_pass(screen: Screen, reference: np.ndarray) -> None:
    screen.learn(DATA, np.full(P, np.inf))
    assert not screen.passes(DATA, reference + 1e-15, reference)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["hand", "reference", "noisy", "hand and reference", "reference and noisy"])
def test_what_is_not_finite_never_passes(
    screen: Screen, sample: Sample, reference: np.ndarray, value: float, side: str
) -> None:
    screen.learn(DATA, np.full(P, 1e-3))
    hand, noisy = reference + 1e-4, reference + 1e-2
    assert screen.passes(DATA, hand, reference) and sample.passes(hand, reference, noisy)
    for name, array in (("hand", hand), ("reference", reference), ("noisy", noisy)):
        if name in side:
            array[3] = value
    if side != "noisy":
        assert not screen.passes(DATA, hand, reference)
        assert not sample.passes(hand, reference, noisy)
    else:  # of one entry nothing is allowed, or everything; of those that are pooled apart from it no more than before
        hand[20] += 1
        assert not sample.passes(hand, reference, noisy)


def test_a_budget_of_ones_own_is_pooled_and_a_few_of_it_pass(sample: Sample, reference: np.ndarray) -> None:
    noisy = reference + np.random.default_rng(1).normal(size=P) * 1e-15
    spread = np.abs(noisy - reference) + 2**-53 * np.abs(reference)
    one = 8 * np.concatenate([pooled(spread[:18].reshape(6, 3), 2).ravel(), pooled(spread[18:], 2)])
    for at in range(P):
        hand = reference.copy()
        hand[at] += 0.9 * SLACK * one[at]
        assert sample.passes(hand, reference, noisy)
        hand[at] += 0.2 * SLACK * one[at] + np.spacing(hand[at])
        assert not sample.passes(hand, reference, noisy)


def test_where_all_is_zero_only_zero_passes(sample: Sample, reference: np.ndarray) -> None:
    reference[18:] = 0
    noisy = reference * (1 + 1e-15)
    assert sample.passes(reference, reference, noisy)
    hand = reference.copy()
    hand[20] = 5e-324
    assert not sample.passes(hand, reference, noisy)
