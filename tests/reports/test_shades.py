"""A map of errors as shades: fixed levels, every step seen, as wide as there is room for."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnosed import Map
from reports.shades import shade, shades

NAN = float("nan")


@pytest.mark.parametrize(
    ("error", "mark"),
    [
        (0.0, "·"), (9.9e-10, "·"), (1e-9, "░"), (1e-6, "▒"), (9.9e-4, "▒"), (1e-3, "▓"), (0.1, "█"), (1e300, "█"),
        (float("inf"), "█"), (NAN, "?"),
    ],
)  # fmt: skip
def test_a_shade_says_from_which_error_on_it_stands(error: float, mark: str) -> None:
    assert shade(error) == mark


def test_a_step_has_two_columns_and_its_number_stands_above_them() -> None:
    drawn = shades(Map("da", ("i", "da_f"), np.array([[0.5, 0.0, NAN], [0.0, 2e-3, 1e-7]])), 80)
    assert drawn.rows == (("i   ", "██··??"), ("da_f", "··▓▓░░"))
    assert drawn.ticks == "t     0 1 2"
    assert drawn.legend.endswith("█ from 0.1, ? not known")
    assert "?" not in shades(Map("da", ("i",), np.zeros((1, 3))), 80).legend


def test_ticks_never_touch() -> None:
    for T in (9, 10, 11, 12, 50, 99, 101):
        drawn = shades(Map("da", ("i",), np.zeros((1, T))), 100)
        ticks = list(map(int, drawn.ticks.split()[1:]))
        assert ticks == list(range(0, T, ticks[1]))
        cell = len(drawn.rows[0][1]) // T or 1
        if len(drawn.rows[0][1]) >= T:
            assert all(drawn.ticks[3 + cell * t :].startswith(str(t)) for t in ticks)


@pytest.mark.parametrize(("T", "width"), [(5, 100), (60, 100), (100, 80), (1000, 80), (7, 1)])
def test_it_is_never_wider_than_there_is_room_and_hides_no_error(T: int, width: int) -> None:
    """One wrong step among many still shows, whichever it is."""
    for wrong in (0, T // 2, T - 1):
        error = np.zeros((1, T))
        error[0, wrong] = 1.0
        drawn = shades(Map("da", ("i",), error), width)
        assert len(drawn.rows[0][1]) <= max(width - 3, 1)
        assert "█" in drawn.rows[0][1]


def test_several_steps_in_a_column_are_said() -> None:
    drawn = shades(Map("da", ("i",), np.full((1, 1000), NAN)), 80)
    assert "a column is 13 steps" in drawn.legend
    assert set(drawn.rows[0][1]) == {"?"}
    assert drawn.ticks.split()[1:3] == ["0", "65"]


def test_what_is_known_counts_beside_what_is_not() -> None:
    error = np.full((1, 1000), NAN)
    error[0, 0] = 1.0
    assert shades(Map("da", ("i",), error), 80).rows[0][1].startswith("█?")


def test_a_map_of_nothing_is_empty() -> None:
    assert shades(Map("da", (), np.zeros((0, 5))), 80).rows == ()
    assert shades(Map("da", ("i",), np.zeros((1, 0))), 80).rows == (("i", ""),)
