from __future__ import annotations

import numpy as np
import pytest

from harness import where

LSTM = ("i", "f", "g", "o")


def described(shape: tuple[int, ...], axes: str, gates: tuple[str, ...], *places: object) -> tuple[str, ...]:
    mask = np.zeros(shape, bool)
    for place in places:
        mask[place] = True
    return where.describe(mask, where.axes(axes, shape, gates))


def test_agreement_needs_no_words() -> None:
    assert described((4, 3), "AD", ("a",)) == ()


def test_everything_wrong_is_said_once() -> None:
    assert described((4, 3), "AD", ("a",), ...) == ("every entry differs",)


def test_the_model_question() -> None:
    """C1: exactly the last row of Wxh agrees, which is the last column of the canonical W_ih."""
    assert described((7, 5), "AD", ("a",), np.s_[:, :4]) == ("columns 0–3 differ, column 4 agrees",)


def test_rows_of_a_single_gate() -> None:
    assert described((5, 3), "AD", ("a",), 0, 1, 4) == ("rows 0–1, 4 differ, rows 2–3 agree",)


def test_gates() -> None:
    assert described((8, 3), "AD", LSTM, np.s_[0:2], np.s_[4:6]) == ("gates i, g differ, gates f, o agree",)


def test_rows_within_gates() -> None:
    assert described((8, 3), "AH", LSTM, 1, 2, 3) == (
        "gates i, f differ, gates g, o agree",
        "gate i: row 1 differs, row 0 agrees",
    )


def test_steps_and_batch_entries() -> None:
    assert described((6, 3, 2), "TBD", LSTM, np.s_[:5, 1]) == (
        "steps 0–4 differ, step 5 agrees",
        "batch entry 1 differs, batch entries 0, 2 agree",
    )


def test_scattered_differences_are_counted() -> None:
    mask = np.eye(3, dtype=bool)
    assert where.describe(mask, where.axes("KH", (3, 3), ("a",))) == ("3 of 9 entries differ, in every row and column",)


@pytest.mark.parametrize(("numbers", "text"), [([], ""), ([3], "3"), ([0, 1, 2], "0–2"), ([0, 2, 3, 9], "0, 2–3, 9")])
def test_ranges(numbers: list[int], text: str) -> None:
    assert where.ranges(numbers) == text


def test_an_index_in_the_arrays_own_words() -> None:
    assert where.index_words((21, 3), where.axes("AD", (64, 7), LSTM)) == "f 5, 3"
    assert where.index_words((1, 2, 3), where.axes("TBD", (9, 9, 9), LSTM)) == "1, 2, 3"
    assert where.index_words((), ()) == ""


def test_parts_cover_every_entry_once_per_kind() -> None:
    array = np.arange(8.0 * 3).reshape(8, 3)
    kinds = {part.kind: part.view.sum() for part in where.parts(array, where.axes("AD", (8, 3), LSTM))}
    assert kinds == {"gate": array.sum(), "row": array.sum(), "column": array.sum()}


def test_sources_of_unequal_sizes() -> None:
    labels = ("h 0", "h 1", "h 2", "x 0", "x 1")
    stacked = where.Axis("h+x", "column", labels, (("h", (0, 1, 2)), ("x", (3, 4))))
    axes = (where.axes("A", (2,), ("a",))[0], stacked)
    mask = np.zeros((2, 5), bool)
    mask[:, 3:] = True
    assert where.describe(mask, axes) == ("source x differs, source h agrees",)
    mask[:, 0] = True
    assert where.describe(mask, axes) == ("source h: column 0 differs, columns 1–2 agree",)
    array = np.arange(10.0).reshape(2, 5)
    (sources,) = [part for part in where.parts(array, axes) if part.kind == "source"]
    assert sources.view.sum(axis=1).tolist() == [array[:, :3].sum(), array[:, 3:].sum()]
    assert where.index_words((1, 3), axes) == "1, x 0"


def test_interleaved_gates() -> None:
    axis = where.Axis("[i f]", "row", ("i 0", "f 0", "i 1", "f 1"), (("i", (0, 2)), ("f", (1, 3))))
    assert where.describe(np.array([False, True, False, True]), (axis,)) == ("gate f differs, gate i agrees",)


def test_an_array_of_which_only_the_shape_is_known() -> None:
    mask = np.zeros((2, 3), bool)
    mask[1] = True
    assert where.describe(mask, where.plain((2, 3))) == ("row 1 differs, row 0 agrees",)
    mask = np.zeros((2, 3, 4), bool)
    mask[:, 1] = True
    assert where.describe(mask, where.plain(mask.shape)) == ("axis 1: entry 1 differs, entries 0, 2 agree",)
