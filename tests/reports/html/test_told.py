"""What the page says, arranged: grouped lines, shares of bars, and columns that say something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.run import Row, Run
from reports.html import told
from reports.html.tables import Cell, Line, Table, of_texts, without_empty

nan, inf = float("nan"), float("inf")


def test_what_is_indented_belongs_to_the_line_above() -> None:
    items = told.grouped(
        [("place", "a.py:3  x = 1"), ("place", "  x holds 2,"), ("place", "  should hold 1"), ("b", "c")]
    )
    assert items == [
        told.Item("place", "a.py:3  x = 1", ("x holds 2,", "should hold 1")), told.Item("b", "c"),
    ]  # fmt: skip
    assert told.grouped([("a", "  indented at first")]) == [told.Item("a", "  indented at first")]


@pytest.mark.parametrize(
    ("total", "total_abs", "bars"),
    [(1.0, 2.0, (0.5, 1.0)), (-2.0, 2.0, (-1.0, 1.0)), (0.0, 0.0, (0.0, 0.0)), (nan, nan, (0.0, 0.0)),
     (-inf, inf, (-1.0, 1.0))],
)  # fmt: skip
def test_sums_are_bars_on_one_scale(a_row: Row, total: float, total_abs: float, bars: tuple[float, float]) -> None:
    one = Row(**(vars(a_row) | {"total": total, "total_abs": total_abs}))
    (line,) = told.rows("t", [one]).lines
    assert (line.cells[1].bar, line.cells[2].bar) == bars
    assert line.cells[1].signed and not line.cells[2].signed


def test_a_small_sum_beside_a_large_one_has_a_small_bar(a_row: Row) -> None:
    large = Row(**(vars(a_row) | {"total_abs": 4.0, "total": 4.0}))
    small = Row(**(vars(a_row) | {"total_abs": 2.0, "total": -1.0}))
    _, line = told.rows("t", [large, small]).lines
    assert (line.cells[1].bar, line.cells[2].bar) == (-0.25, 0.5)


def test_not_a_number_is_the_worst(a_row: Row, of_rows: Callable[..., Run]) -> None:
    def one(name: str, ratio: float, verdict: str) -> Row:
        return Row(**(vars(a_row) | {"array": name, "ratio": ratio, "verdict": verdict}))

    rows = [one("a", 0.2, "agree"), one("b", 5.0, "differ"), one("c", nan, "differ"), one("d", 0.9, "agree")]
    assert [row.array for row in told.worst_first(rows)] == ["c", "b", "d", "a"]


def test_columns_that_say_nothing_are_left_out() -> None:
    table = Table("t", ("a", "b", "c"), (Line((Cell("1"), Cell(""), Cell("2"))),), frozenset({2}))
    kept = without_empty(table)
    assert kept.headings == ("a", "c") and kept.numeric == frozenset({1})
    assert [cell.text for cell in kept.lines[0].cells] == ["1", "2"]
    assert without_empty(kept) == kept


def test_only_a_reference_contradicts_truth(c1: Run, inconclusive: Run) -> None:
    def remarks(run: Run) -> list[str]:
        judgement = run.judgements[0]
        lost = replace(judgement.participants[0], agrees=False)
        judged = replace(judgement, participants=(lost, *judgement.participants[1:]))
        return [line.cells[-1].text for line in told.participants(judged).lines]

    assert "contradicts truth" not in remarks(c1)
    assert remarks(inconclusive) == ["", "", "", "contradicts truth"]


def test_residuals_stand_beside_every_equation(diagnosed: Run) -> None:
    assert diagnosed.diagnosis is not None
    table = told.equations(diagnosed.diagnosis)
    assert len(table.lines) == len(diagnosed.diagnosis.equations)
    column = table.headings.index("relative")
    for equation, line in zip(diagnosed.diagnosis.equations, table.lines, strict=True):
        assert bool(line.cells[column].text) == (not np.isnan(equation.residual))


def test_numeric_columns_are_named_by_their_heading() -> None:
    assert of_texts("t", ("array", "error ÷\nbudget"), [("a", "1")], ("error ÷\nbudget",)).numeric == frozenset({1})
