"""Maps of arrays: laid out as the array is, no wrong entry lost, and boxes that do not overlap."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from harness.pictured import Axis, Elements
from reports import maps
from reports.maps import EDGES, EXPLAINED, UNKNOWN, Edge, Part, map_of
from reports.repacked import repacked
from reports.shelves import Box, placed

LAST = len(EDGES)  #: the level beyond all edges


def axis(name: str, size: int, kind: str = "row", gates: str = "") -> Axis:
    """An axis, its indices split evenly among gates."""
    each = size // max(len(gates), 1)
    blocks = tuple((gate, tuple(range(k * each, (k + 1) * each))) for k, gate in enumerate(gates))
    return Axis(name, kind, tuple(map(str, range(size))), blocks)


def elements(ratio: np.ndarray, *axes: Axis, expected: np.ndarray | None = None, **changes: object) -> Elements:
    """An array of which |Δ| ÷ budget is given."""
    zeros = np.zeros(ratio.shape)
    told: dict[str, object] = {
        "array": "W", "shape": ratio.shape, "axes": axes, "block": (1,) * ratio.ndim,
        "at": np.arange(ratio.size).reshape(ratio.shape), "candidate": zeros, "budget": zeros + 1,
        "expected": {"extended": zeros if expected is None else expected, "jax": zeros}, "delta": {"extended": zeros},
        "ulp": {"extended": zeros}, "ratio": {"extended": ratio, "jax": zeros},
    }  # fmt: skip
    return Elements(**(told | changes))  # type: ignore[arg-type]


def test_a_matrix_stays_as_it_is_with_its_gates_along_the_rows() -> None:
    ratio = np.zeros((8, 3))
    ratio[5, 2] = 7.0
    one = map_of(elements(ratio, axis("A", 8, gates="ifgo"), axis("D", 3, "column")))
    assert one.level.shape == (8, 3)
    assert np.argwhere(one.beyond).tolist() == [[5, 2]]
    assert one.rows == (Part("i", 0, 2), Part("f", 2, 4), Part("g", 4, 6), Part("o", 6, 8))
    assert (one.down, one.across, one.columns, one.pooled) == ("A", "D", (), False)


def test_a_vector_goes_down_and_a_number_is_a_cell() -> None:
    vector = map_of(elements(np.zeros(8), axis("A", 8, gates="ifgo")))
    assert vector.level.shape == (8, 1)
    assert [part.name for part in vector.rows] == list("ifgo")
    number = map_of(elements(np.array(2.0)))
    assert number.level.tolist() == [[EXPLAINED + 1]]


def test_time_goes_across_and_batch_entries_are_told_apart() -> None:
    ratio = np.zeros((5, 2, 3))
    ratio[4, 1, 0] = 2.0
    one = map_of(elements(ratio, axis("T", 5, "step"), axis("B", 2, "batch"), axis("D", 3, "column")))
    assert np.argwhere(one.beyond).tolist() == [[3, 4]]
    assert (one.down, one.across) == ("B·D", "T")
    assert one.rows == (Part("B 0", 0, 3), Part("B 1", 3, 6))


def test_gates_in_several_pieces_have_no_place_of_their_own() -> None:
    interleaved = Axis("A", "row", tuple("0123"), (("i", (0, 2)), ("f", (1, 3))))
    assert map_of(elements(np.zeros((4, 2)), interleaved, axis("D", 2))).rows == ()


@pytest.mark.parametrize(
    ("ratio", "level"),
    [(0.0, 0), (0.01, 0), (0.0101, 1), (1.0, EXPLAINED), (1.0000001, EXPLAINED + 1), (1e14, LAST - 1),
     (1.1e14, LAST), (np.inf, LAST), (np.nan, LAST)],
)  # fmt: skip
def test_levels_turn_where_the_verdict_does(ratio: float, level: int) -> None:
    assert map_of(elements(np.full((1, 1), ratio), axis("A", 1), axis("D", 1))).level.tolist() == [[level]]


def test_what_truth_has_no_value_of_is_not_known() -> None:
    expected = np.array([[np.nan, 0.0]])
    one = map_of(elements(np.array([[0.0, 0.5]]), axis("A", 1), axis("D", 2), expected=expected))
    assert one.level.tolist() == [[UNKNOWN, 2]]
    assert not one.beyond.any()


@pytest.mark.parametrize("shape", [(97, 3), (1024, 65), (4096, 1)])
def test_a_large_array_is_pooled_and_loses_no_wrong_entry(shape: tuple[int, int]) -> None:
    gates = "ifgo" if shape[0] % 4 == 0 else ""
    for at in ((0, 0), (shape[0] - 1, shape[1] - 1), (shape[0] // 2, shape[1] // 2)):
        ratio = np.zeros(shape)
        ratio[at] = 3.0
        one = map_of(elements(ratio, axis("A", shape[0], gates=gates), axis("D", shape[1])))
        assert one.pooled
        assert one.level.shape[0] <= maps.MOST_ROWS and one.level.shape[1] <= maps.MOST_COLUMNS
        assert one.beyond.sum() == 1
        assert one.rows == () or one.rows[-1].last <= one.level.shape[0]


def test_cells_that_stand_for_blocks_say_so() -> None:
    one = map_of(elements(np.zeros((2, 2)), axis("A", 2), axis("D", 2), block=(2, 1), shape=(4, 2)))
    assert one.pooled


def test_runs_cover_every_cell_once() -> None:
    level = np.random.default_rng(0).integers(-1, 3, (7, 5))
    found = np.full(level.shape, 99)
    for run in maps.runs(level):
        assert (found[run.row, run.first : run.last] == 99).all()
        found[run.row, run.first : run.last] = run.level
    assert (found == level).all()


def test_an_outline_is_around_what_rounding_does_not_explain_and_nothing_else() -> None:
    beyond = np.zeros((3, 4), bool)
    assert list(maps.outline(beyond)) == []
    beyond[1, 1:3] = True
    assert set(maps.outline(beyond)) == {Edge(1, 1, 1, 3), Edge(2, 1, 2, 3), Edge(1, 1, 2, 1), Edge(1, 3, 2, 3)}
    assert len(set(maps.outline(np.ones((3, 4), bool)))) == 4


def test_boxes_neither_overlap_nor_leave_the_sheet() -> None:
    rng = np.random.default_rng(0)
    gap = Box(10, 5)
    for _ in range(200):
        boxes = [Box(*size) for size in rng.integers(5, 300, (rng.integers(1, 14), 2)).tolist()]
        corners, height = placed(boxes, 400, gap)
        spans = [(x, y, x + box.width, y + box.height) for (x, y), box in zip(corners, boxes, strict=True)]
        assert max(right for _, _, right, _ in spans) <= 400
        assert max(bottom for *_, bottom in spans) == height
        for one, other in combinations(spans, 2):
            beside = one[2] + gap.width <= other[0] or other[2] + gap.width <= one[0]
            above = one[3] + gap.height <= other[1] or other[3] + gap.height <= one[1]
            assert beside or above


def test_small_boxes_go_below_each_other_and_a_wide_one_stands_alone() -> None:
    assert placed([Box(50, 100), Box(40, 30), Box(40, 30)], 200, Box(10, 10)) == ([(0, 0), (60, 0), (60, 40)], 100)
    assert placed([Box(50, 100), Box(500, 30)], 200, Box(10, 10))[0] == [(0, 0), (0, 110)]


def test_a_repacked_png_has_the_same_pixels() -> None:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    pixels = b"\x00" * 5000
    hasty = zlib.compress(pixels, 0)
    parts = [chunk(b"IHDR", bytes(13)), chunk(b"IDAT", hasty[:100]), chunk(b"IDAT", hasty[100:]), chunk(b"IEND", b"")]
    small = repacked(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    assert small == b"\x89PNG\r\n\x1a\n" + parts[0] + chunk(b"IDAT", zlib.compress(pixels, 9)) + parts[-1]
    assert len(small) < 200
