"""Charts by time step: one scale for all, above the budget is told, and nothing is drawn of what is not known."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pictured_runs import adjoints, pictured_run
from reading_html import Page

from harness.pictured import Adjoint, Adjoints
from harness.run import Parts, Run
from reports import as_html
from reports.html import steps


def test_what_is_above_the_budget_is_told() -> None:
    told = steps.of_adjoints(adjoints())
    by_title = {chart.title: chart for chart in told.charts}
    assert list(by_title) == ["da i", "da f", "da g", "da o", "dh"]
    assert [point.kind for point in by_title["da f"].points] == ["above"] * 3 + ["within"] * 2
    assert {point.kind for point in by_title["da g"].points} == {"within"}
    assert by_title["da f"].summary == "da f: above the budget at steps 0, 1, 2; largest error 0.5000"
    assert by_title["da i"].summary.startswith("da i: within the budget")


def test_zero_unknown_and_infinite_have_their_places() -> None:
    (dh,) = [chart for chart in steps.of_adjoints(adjoints()).charts if chart.title == "dh"]
    assert [point.kind for point in dh.points] == ["within", "zero", "within", "infinite"]  # nothing at step 2
    zero, infinite = dh.points[1], dh.points[3]
    assert zero.y == steps.HEIGHT and infinite.y == 0.0
    assert len(re.findall("M", dh.line)) == 2  # a gap where nothing is known


def test_larger_is_higher_on_one_scale() -> None:
    told = steps.of_adjoints(adjoints())
    (f,) = [chart for chart in told.charts if chart.title == "da f"]
    heights = [point.y for point in f.points]
    assert heights[0] < heights[1] < heights[2] < heights[3]
    assert len({chart.y_ticks for chart in told.charts}) == 1
    decades = [text for _, text in told.charts[0].y_ticks]
    assert decades[0] == "1e-16"
    for chart in told.charts:
        for point in chart.points:
            assert 0 <= point.x <= steps.WIDTH and 0 <= point.y <= steps.HEIGHT


def test_the_table_has_every_step() -> None:
    table = steps.of_adjoints(adjoints()).table
    assert len(table.lines) == 25
    assert [line.verdict for line in table.lines[5:10]] == ["differ"] * 3 + ["agree"] * 2
    assert table.lines[22].cells[2].text == "–" and table.lines[22].verdict == ""


@pytest.mark.parametrize("T", [1, 2, 400])
def test_any_number_of_steps(T: int) -> None:
    one = Adjoint("dh", ("",), np.full((1, T), 1e-16), np.full((1, T), 1e-14))
    (chart,) = steps.of_adjoints(Adjoints("", "", (one,))).charts
    assert chart.line and len(chart.x_ticks) <= 7
    assert len(chart.points) == (T if T <= steps.MOST_POINTS else 0)


def test_nothing_known_at_all() -> None:
    one = Adjoint("dh", ("",), np.full((1, 3), np.nan), np.full((1, 3), np.nan))
    (chart,) = steps.of_adjoints(Adjoints("", "", (one,))).charts
    assert not chart.points and not chart.line
    assert chart.summary == "dh: nothing is known"


def test_without_adjoints_the_inputs_are_told(c1: Run) -> None:
    run = pictured_run(adjoints=None)
    (judgement,) = run.judgements
    assert steps.of_inputs(judgement) is None
    numbers = [np.array([0.2, 3.0])] * 4
    part = Parts("x", "extended", "step", ("0", "1"), *numbers, np.array([False, True]))
    told = steps.of_inputs(type(judgement)(**(vars(judgement) | {"parts": (part,)})))
    assert told is not None
    (chart,) = told.charts
    assert chart.title == "gradient of x" and [point.kind for point in chart.points] == ["within", "above"]


def test_the_page_shows_them() -> None:
    page = Page(as_html.render(pictured_run()))
    assert "Adjoints, step by step" in page.text and "dc was not seen" in page.text
    assert any(svg.get("aria-label", "").startswith("da f: above the budget") for svg in page.all("svg"))
