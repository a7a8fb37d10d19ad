"""Heat maps: an array laid out as it is, its planted element loud and marked, and every cell's texts at its place."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from pictured_runs import PLANTED, W_HH, X, axis, elements, gates

from harness.diagnosed import Map
from harness.pictured import Axis, Elements
from reports import numbers
from reports.html import drawn, maps
from reports.html.drawn import GAP, Side
from reports.html.levels import NOTHING, RATIO, RELATIVE, RELATIVE_CLASSES
from reports.html.maps import HeatMap

MARK = re.compile(r"M([\d.]+) ([\d.]+)h0")


@pytest.mark.parametrize(
    ("ratio", "level"),
    [(0, 0), (1e-300, 1), (0.01, 1), (0.011, 2), (1.0, 3), (np.nextafter(1.0, 2), 4), (100, 4), (1e3, 5), (1e14, 10),
     (1e200, 11), (np.inf, 12), (np.nan, 12)],
)  # fmt: skip
def test_levels(ratio: float, level: int) -> None:
    assert RATIO.levels(np.array([ratio])).tolist() == [level]
    assert len(RATIO.texts) == RATIO.infinite + 1


@pytest.mark.parametrize(("ratio", "loud"), [(1.0, False), (np.nextafter(1.0, 2), True)])
def test_what_differs_is_loud_and_nothing_else(ratio: float, loud: bool) -> None:
    assert (RATIO.levels(np.array([ratio]))[0] >= RATIO.loud) == loud


def levels_of(told: HeatMap, layer: int = 0) -> dict[tuple[float, float], int]:
    """Every cell's level, by its corner, read back from the paths."""
    found: dict[tuple[float, float], int] = {}
    for level, path in told.drawing.layers[layer].paths:
        for x, y, length in re.findall(r"M([\d.]+) ([\d.]+)h(\d+)v1", path):
            for k in range(int(length)):
                found[round(float(x) + k, 6), float(y)] = level
    return found


def test_a_planted_element_is_loud_at_its_place_and_marked() -> None:
    told = maps.of_array(elements("W_hh", W_HH, {PLANTED: 0.75}))
    row, column = PLANTED
    y = row + GAP  # below the gap between gates i and f
    cells = levels_of(told)
    assert len(cells) == 36
    assert [at for at, level in cells.items() if level >= RATIO.loud] == [(column, y)]
    layer = told.drawing.layers[0]
    assert MARK.findall(layer.dots + layer.deep) == [(f"{column + 0.5:g}", f"{y + 0.5:g}")]
    assert not layer.crosses
    assert told.worst == row * 3 + column and told.where(told.worst) == "f 1, 2"
    assert told.note == "1 of 36 cells above 1"


def test_what_agrees_has_no_mark() -> None:
    told = maps.of_array(elements("W_hh", W_HH, {}))
    assert all(level < RATIO.loud for level in levels_of(told).values())
    assert not any(layer.dots or layer.deep or layer.crosses for layer in told.drawing.layers)
    assert told.note == "no cell above 1: 36 agree"


def test_not_a_number_has_a_cross_and_is_the_worst() -> None:
    told = maps.of_array(elements("x", X, {(3, 1, 2): np.nan, (0, 0, 0): 1e9}))
    assert told.where(told.worst) == "3, 1, 2"
    assert len(re.findall("M", told.drawing.layers[0].crosses)) == 1
    assert max(levels_of(told).values()) == RATIO.infinite
    assert told.badness == np.inf


def test_time_runs_across_and_batch_entries_are_apart() -> None:
    planted = (3, 1, 2)  # t, b, d
    told = maps.of_array(elements("x", X, {planted: 7.0}))
    assert told.drawing.columns.title == "T" and told.drawing.rows.title == "B · D"
    assert [name for _, name in told.drawing.rows.blocks] == ["B 0", "B 1"]
    (at,) = [at for at, level in levels_of(told).items() if level >= RATIO.loud]
    assert at == (3, round(1 * 3 + 2 + GAP, 6))
    place = told.drawing.rows.offsets.index(at[1]) * 5 + 3
    assert told.cells[place] == told.worst == np.ravel_multi_index(planted, (5, 2, 3))


@pytest.mark.parametrize(
    ("axes", "rows", "columns"),
    [((), 1, 1), (W_HH[:1], 1, 12), (W_HH, 12, 3), (X, 6, 5), ((axis("1", "row", 1), axis("H", "column", 4)), 1, 4),
     ((axis("T", "step", 4), axis("H", "column", 3)), 3, 4)],
)  # fmt: skip
def test_every_cell_has_its_place(axes: tuple[Axis, ...], rows: int, columns: int) -> None:
    told = maps.of_array(elements("v", axes, {}))
    assert len(told.drawing.rows.offsets) == rows and len(told.drawing.columns.offsets) == columns
    assert sorted(told.cells) == list(range(rows * columns))
    assert set(levels_of(told)) == {(x, y) for x in told.drawing.columns.offsets for y in told.drawing.rows.offsets}
    assert all(len(texts) == rows * columns for texts in told.fields.values())


def test_every_text_is_its_own_cells() -> None:
    given = elements("x", X, {(3, 1, 2): 7.0})
    told = maps.of_array(given)
    for k, at in enumerate(np.ndindex(5, 2, 3)):
        assert told.where(k) == ", ".join(map(str, at))
        assert told.fields["candidate"][k] == repr(float(given.candidate[at]))
        assert told.fields["expected.1"][k] == repr(float(given.expected["torch"][at]))
        assert told.fields["ulp.0"][k] == numbers.ulps(given.ulp["extended"][at])
        assert told.fields["ratio.1"][k] == numbers.ratio(given.ratio["torch"][at])


def test_a_layer_per_reference() -> None:
    told = maps.of_array(elements("W_hh", W_HH, {}, expected={"odd": np.zeros((12, 3))}))
    assert told.references == ("extended", "torch", "odd")
    assert all(level < RATIO.loud for level in levels_of(told, 0).values())
    assert all(level >= RATIO.loud for level in levels_of(told, 2).values())


def test_what_a_sample_has_no_value_for_is_not_compared() -> None:
    given = elements("b", W_HH[:1], {})
    expected, ratio = given.expected["torch"].copy(), given.ratio["torch"].copy()
    expected[5], ratio[5] = np.nan, 0.0
    sampled = replace(given, expected={"sample": expected}, ratio={"sample": ratio}, delta={"sample": ratio},
                      ulp={"sample": ratio})  # fmt: skip
    found = levels_of(maps.of_array(sampled))
    assert list(found.values()).count(NOTHING) == 1


def test_a_large_array_says_what_a_cell_stands_for() -> None:
    at = np.arange(36).reshape(12, 3) * 4
    told = maps.of_array(elements("W_hh", W_HH, {}, block=2, at=at))
    assert told.note.endswith("each cell is the worst of its block of 2×2 entries")
    assert told.title == "24×6"
    assert told.fields["entry"][1] == "[0, 4]"


def test_gates_side_by_side_need_no_gap_where_they_interleave() -> None:
    interleaved = gates("A", 3)._replace(blocks=tuple((g, tuple(range(n, 12, 4))) for n, g in enumerate("ifgo")))
    assert drawn.side([interleaved]).offsets == tuple(map(float, range(12)))
    assert len(set(np.diff(drawn.side([gates("A", 3)]).offsets).round(6))) == 2


def test_ticks_have_room() -> None:
    for size in (1, 7, 64, 500):
        side = drawn.side([axis("H", "column", size)])
        told = drawn.drawing(Side("", (0.0,), (), ()), side, [("", np.zeros((1, size), int))], 4, 12)
        texts = told.texts(side)
        assert texts[0].text == "0"
        assert all(two.at - one.at >= 8 * len(one.text) for one, two in pairwise(texts))


def test_cells_are_as_large_as_fits() -> None:
    assert maps.of_array(elements("v", W_HH, {})).drawing.cell == drawn.LARGEST
    large: Elements = elements("v", (gates("A", 64), axis("H", "column", 64)), {})
    assert maps.of_array(large).drawing.cell == drawn.SMALLEST


def test_the_map_of_a_diagnosis() -> None:
    error = np.array([[0.93, 1e-3, 1e-9, 9e-10, 2.2e-16], [np.nan, np.inf, 0.0, 1e-6, 0.1]])
    told = maps.of_diagnosis(Map("da", ("i", "f"), error))
    found = levels_of(told)
    expected = [[5, 4, 2, 1, 1], [None, 6, 0, 3, 5]]  # None: not known
    for y, line in enumerate(expected):
        for x, level in enumerate(line):
            assert found.get((x, y)) == (NOTHING if level is None else RELATIVE_CLASSES[level])
    assert told.where(told.worst) == "f, 1"
    assert told.fields["error"][5] == "not known"
    assert len(RELATIVE.texts) == RELATIVE.infinite + 1 == len(RELATIVE_CLASSES)
