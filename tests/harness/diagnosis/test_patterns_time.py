"""Which steps' shares a sum has, and words for an error over time and gates."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnosis.patterns_time import over_time, residual

RNG = np.random.default_rng(6)
T, H, D = 6, 4, 5
GATES = ("i", "f", "g", "o")
SHARES = RNG.normal(size=(T, 4 * H, D))
UP = np.arange(1.0, T + 1)

WEIGHTS = {
    "exactly zero": np.zeros(T),
    "the last step's share only": np.eye(T)[-1],
    "the first step's share only": np.eye(T)[0],
    "share at step 3 only": np.eye(T)[2],
    "the first step's share is left out": 1 - np.eye(T)[0],
    "the last step's share is left out": 1 - np.eye(T)[-1],
    "truncated: the last 3 steps' shares only": np.array([0.0, 0, 0, 1, 1, 1]),
    "shares at steps 1, 3, 5 only": np.array([1.0, 0, 1, 0, 1, 0]),
    "mean for sum: each step's share ÷ T": np.full(T, 1 / T),
    "constant ratio 2": np.full(T, 2.0),
    "constant ratio 0.3": np.full(T, 0.3),
    "a running total is summed: the last step's share counts 6 times": UP,
    "a running total is summed: the first step's share counts 6 times": UP[::-1],
    "each step's share has 2 times the weight of the step before": 2.0**UP,
    "the steps' shares have the weights 1, 1, 2, 1, 1, 1": np.array([1.0, 1, 2, 1, 1, 1]),
}


def weighted(weights: np.ndarray) -> np.ndarray:
    return np.einsum("t,tad->ad", weights, SHARES)


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_steps_that_a_sum_has_are_named(name: str) -> None:
    assert over_time(weighted(WEIGHTS[name]), SHARES, ("T", "A", "D"), GATES) == name


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_sum_that_is_a_little_off_is_not(name: str) -> None:
    off = weighted(WEIGHTS[name]) + 1e-6 * np.random.default_rng(0).normal(size=SHARES.shape[1:])
    assert over_time(off, SHARES, ("T", "A", "D"), GATES) == ""


def test_one_gates_sum_may_be_wrong_alone() -> None:
    wrong = SHARES.sum(axis=0)
    wrong[H : 2 * H] = SHARES[-1, H : 2 * H]
    assert over_time(wrong, SHARES, ("T", "A", "D"), GATES) == "the last step's share only, gate f alone"


def test_a_right_sum_has_no_pattern() -> None:
    assert over_time(SHARES.sum(axis=0), SHARES, ("T", "A", "D"), GATES) == ""


def test_too_few_entries_tell_only_what_needs_no_solving() -> None:
    few = SHARES[:, :4, 0]
    assert over_time(few[-1], few, ("T", "H")) == "the last step's share only"
    assert over_time(few[2] + 3 * few[1], few, ("T", "H")) == ""  # six weights of four entries: anything would fit


def errors(rows: dict[str, list[float]]) -> np.ndarray:
    return np.array([rows.get(gate, [0.0] * 5) for gate in GATES])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors({}), ""),
        (errors({"i": [1e-12] * 5}), ""),  # rounding
        (errors({gate: [0, 0, 0, 0, 1] for gate in GATES}), "at the last step alone; every gate"),
        (errors({"i": [1, 1, 1, 1, 0], "g": [1, 1, 1, 1, 0]}), "at all steps but the last; gates i, g alone"),
        (errors({"f": [0.9, 0.5, 0.2, 0.08, 0]}), "at all steps but the last, growing backwards in time; gate f alone"),
        (errors({"f": [0.01, 0.05, 0.2, 0.3, 0.9]}), "at every step, growing forwards in time; gate f alone"),
        (errors({"o": [0, 1, 1, 0, 0]}), "at steps 2 to 3; gate o alone"),
        (errors({"o": [1, 0, 1, 0, 0]}), "at steps 1, 3; gate o alone"),
        (errors({"o": [1, np.nan, np.nan, np.nan, np.nan]}), "at the first step alone; gate o alone"),
    ],
)
def test_an_error_that_no_pattern_explains_is_placed(error: np.ndarray, words: str) -> None:
    assert residual(error, GATES) == words


def test_a_cell_without_gates_has_steps_alone() -> None:
    assert residual(np.array([[0.0, 0.0, 1.0]])) == "at the last step alone"
