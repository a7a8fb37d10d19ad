"""Small arrays in a line: nothing that differs reads the same, and nothing is longer than it needs to be."""

from __future__ import annotations

import numpy as np
import pytest

from reports import arrays


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array(0.5), "v = 0.5"), (np.array([[-2.0]]), "v = -2"), (np.array([[1.0], [0.5]]), "v (2×1) = [1 0.5]"),
        (np.array([[1.0, 2.0], [3.0, 1 / 3]]), "v (2×2) = [[1 2] [3 0.3333]]"), (np.array(3), "v = 3"),
        (np.array([np.nan, -np.inf]), "v (2) = [nan -inf]"), (np.zeros((0, 3)), "v (0×3) = []"),
        (np.array([[[1, 2]], [[3, 4]]]), "v (2×1×2) = [[1 2] [3 4]]"),
    ],
)  # fmt: skip
def test_an_axis_of_one_entry_has_no_brackets(array: np.ndarray, said: str) -> None:
    assert arrays.named("v", array) == said


def test_no_rounding_shows_a_round_number_that_is_none() -> None:
    assert (arrays.value(0.99999), arrays.value(1.0), arrays.value(1e-17)) == ("1.000", "1", "1e-17")
    assert arrays.value(0.1 + 0.2) == "0.3000"
    assert arrays.value(np.float32(0.5)) == "0.5"


def test_of_many_entries_those_at_the_edges_are_shown() -> None:
    assert arrays.compact(np.arange(100.0)) == "[0 1 … 98 99]"
    assert arrays.compact(np.arange(60.0).reshape(2, 30)) == "[[0 1 … 28 29] [30 31 … 58 59]]"


def test_different_entries_never_read_the_same() -> None:
    one, other = arrays.both(np.array([1.0, 0.7616]), np.array([1.0, 0.7616 + 1e-9]))
    assert (one, other) == ("[1 0.7616]", "[1 0.761600001]")
    assert arrays.both(np.array([[0.25]]), np.array([[0.0]])) == ("0.25", "0")


def test_of_many_entries_the_one_that_is_furthest_off_is_told() -> None:
    one = np.ones((5, 6))
    other = one.copy()
    other[3, 2] = 1 + 1e-8
    assert arrays.both(one, other) == ("1.0 at 3, 2", "1.00000001 at 3, 2")
    other[1, 1] = np.nan
    assert arrays.both(one, other) == ("1 at 1, 1", "nan at 1, 1")


def test_another_shape_is_said() -> None:
    assert arrays.both(np.zeros((2, 1)), np.zeros(2)) == ("[0 0] (2×1)", "[0 0] (2)")
