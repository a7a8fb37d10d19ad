"""The picture: nothing of a curve is lost, nothing in it is more than text, and it needs no network."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from trainings import (
    EVERY,
    EXPLOSION,
    agreeing,
    exploding,
    lockstep,
    losses,
    together,
    trained,
    trainee,
)

import reports
from harness.trained import Drift, Figure, Series, Trained
from reports import curves, decades, panels, vega
from reports.thinning import POINTS, thin

SVG = "{http://www.w3.org/2000/svg}"


@cache
def picture(name: str) -> str:
    """One of the usual trainings."""
    return curves.svg(EVERY[name])


def words(picture: str) -> list[str]:
    """Every line of text that stands in a picture."""
    return [line for text in ElementTree.fromstring(picture).iter(f"{SVG}text") for line in text.itertext()]


def panels_of(one: Trained) -> list[dict[str, Any]]:
    """The panels as they are specified, data in their layers."""
    told = curves.chart(one).to_dict()
    for panel in told["vconcat"]:
        for layer in panel["layer"]:
            layer["data"] = told["datasets"][layer.get("data", panel.get("data"))["name"]]
    return list(told["vconcat"])


def drawn(panel: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    """The layers of a panel with one kind of mark."""
    return [layer for layer in panel["layer"] if layer["mark"]["type"] == mark]


@pytest.mark.parametrize("name", EVERY)
def test_every_training_can_be_drawn(name: str) -> None:
    root = ElementTree.fromstring(picture(name))
    assert root.tag == f"{SVG}svg"


def test_it_says_what_was_found_and_on_what() -> None:
    told = words(picture("agreeing"))
    assert "sequence: ✓ agree: 100 of 100 updates agree with jax at the same weights" in told
    assert "four random inputs, four targets" in told
    assert "○ published figures: 1 of 1 met" in told
    assert "lockstep ✓ agree: 100 of 100 · drift from jax, never judged: ×1.41 in 100 updates" in told
    assert {"loss", "update", "distance of the weights"} <= set(told)


def test_it_refers_to_nothing_outside_and_runs_nothing() -> None:
    for text in map(picture, ("agreeing", "hostile")):
        links = set(re.findall(r"\w+://[^\"'\s<]*", text))
        assert links == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(text).iter()}
        assert not tags & {"script", "image", "a", "foreignObject", "use", "style"}


def test_hostile_names_are_text() -> None:
    told = " ".join(words(picture("hostile")))
    assert "[bold]x[/bold]<script>alert(1)</script>" in told
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ufffe\udcff]", told)


@pytest.mark.parametrize("offset", [0, 1])  # on both sides of a pair of code units
def test_long_names_of_characters_beyond_16_bits_are_cut_between_them(offset: int) -> None:
    name = "a" * offset + "\U0001f600" * 200
    explosion = replace(EXPLOSION, quantity=name)
    one = trained(trainee(title=name, explosion=explosion, series=(losses(9, name),)), trainee(), data=name)
    assert any(line.endswith("\U0001f600…") for line in words(curves.svg(one)))


def test_no_address_may_be_asked_for_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def convert(spec: Any, *, allowed_base_urls: list[str], **_: Any) -> str:
        asked.append(allowed_base_urls)
        return ""

    monkeypatch.setattr("vl_convert.vegalite_to_svg", convert)
    monkeypatch.setattr("vl_convert.vegalite_to_png", lambda *given, **named: convert(*given, **named).encode())
    monkeypatch.setattr(vega, "repacked", lambda png: png)
    curves.svg(agreeing())
    curves.png(agreeing())
    assert asked == [[], []]


def test_two_of_the_same_title_are_two_curves() -> None:
    twice = trained(trainee(), trainee(), trainee())
    assert {"identity, as published", "identity, as published (2)", "identity, as published (3)"} <= set(
        words(curves.svg(twice))
    )


def test_several_have_a_legend_and_a_colour_each_and_one_has_none() -> None:
    assert {"identity, as published", "tanh, as in the paper"} <= set(words(picture("together")))
    assert "identity, as published" not in words(picture("agreeing"))
    losses_, drifts = panels_of(together())
    scales = [layer["encoding"]["color"]["scale"] for panel in (losses_, drifts) for layer in drawn(panel, "line")]
    assert [scale["range"] for scale in scales] == [list(panels.COLOURS[:2])] * 2


def test_a_colour_stays_with_its_trainee_where_only_the_other_drifts() -> None:
    one = trained(trainee(drift=None), trainee(title="tanh"))
    (line,) = drawn(panels_of(one)[1], "line")
    scale = line["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True))["tanh"] == panels.COLOURS[1]


def test_without_drift_there_is_one_panel() -> None:
    at_once = Drift("jax", np.arange(3), np.zeros(3), float("nan"))  # to the last bit: nothing that a log scale has
    for drift in (None, at_once):
        assert len(panels_of(trained(trainee(drift=drift)))) == 1
    assert len(panels_of(agreeing())) == 2


@pytest.mark.parametrize(("values", "scale"), [([1.0, 31.0], None), ([1.0, 32.0], "log"), ([-1.0, 1e9], None)])
def test_a_log_axis_where_the_range_is_wide(values: list[float], scale: str | None) -> None:
    one = trained(trainee(2, series=(Series("loss", np.arange(2), np.array(values)),), figures=()))
    (line,) = drawn(panels_of(one)[0], "line")
    assert line["encoding"]["y"]["scale"].get("type") == scale


def test_published_figures_are_points_where_they_were_published() -> None:
    figures = (
        Figure("loss at update 10", 0.375, 0.375, True, "1e-7"),
        Figure("loss at update 20", 0.2, 0.1875, False, "1e-7"),
        Figure("gradient norm at update 3", 1.0, 1.0, True, "1e-7"),  # of a curve that is not drawn
        Figure("exact sums", 1.0, 1.0, True, "1e-7"),
    )
    (points,) = drawn(panels_of(trained(trainee(figures=figures)))[0], "point")
    assert points["data"] == [
        {"update": 10, "value": 0.375, "colour": panels.INK}, {"update": 20, "value": 0.2, "colour": panels.ALARM},
    ]  # fmt: skip


def test_an_explosion_is_marked_where_it_is_even_beyond_the_curve() -> None:
    panel = panels_of(exploding())[0]
    (rule,) = drawn(panel, "rule")
    assert rule["data"] == [{"update": 4, "told": "dc overflows at update 4, step 57"}]
    (line,) = drawn(panel, "line")
    assert line["encoding"]["x"]["scale"]["domain"] == [0, 4]
    assert "dc overflows at update 4, step 57" in words(picture("exploding"))
    late = trained(trainee(explosion=replace(EXPLOSION, update=90)), trainee(explosion=EXPLOSION, title="x" * 99))
    told = " ".join(words(curves.svg(late)))
    assert "identity, as published: dc overflows at update 90" in told
    assert f"{'x' * 31}…: dc overflows at update 4" in told


def test_a_drift_that_was_seen_longer_than_the_curve_is_shown_to_its_end() -> None:
    one = trained(trainee(3, figures=(), drift=Drift("jax", np.arange(5), np.full(5, 1e-16), 1.0)))
    for panel in panels_of(one):
        (line,) = drawn(panel, "line")
        assert line["encoding"]["x"]["scale"]["domain"] == [0, 4]


def test_an_interrupt_stands_in_it() -> None:
    assert "interrupted after update 60 of 100: what was measured is kept" in words(picture("interrupted"))


def test_a_png_is_one_and_is_sharp() -> None:
    data = curves.png(agreeing())
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    (width,) = struct.unpack(">I", data[16:20])
    assert width > vega.SCALE * panels.WIDTH


@pytest.mark.parametrize("count", [POINTS, POINTS + 1, 35_000])
def test_thinning_keeps_minima_maxima_and_ends(count: int) -> None:
    rng = np.random.default_rng(0)
    updates, values = np.arange(count), rng.gamma(2, 1, count)
    values[count // 3], values[count // 2] = -5.0, 1e9
    one = thin(updates, values)
    assert one.thinned == (count > POINTS)
    assert len(one.values) <= (POINTS // 3 if one.thinned else POINTS)
    assert (one.low.min(), one.high.max()) == (-5.0, 1e9)
    for end in (0, -1):
        assert (one.updates[end], one.values[end]) == (updates[end], values[end])
    assert (np.diff(one.updates) > 0).all()
    assert ((one.low <= one.values) & (one.values <= one.high)).all()


def test_thinning_leaves_out_what_cannot_be_drawn() -> None:
    values = np.array([1.0, np.nan, np.inf, -1.0, 0.0, 2.0])
    assert thin(np.arange(6), values).updates.tolist() == [0, 3, 4, 5]
    assert thin(np.arange(6), values, positive=True).updates.tolist() == [0, 5]


def test_a_long_curve_is_a_band_and_says_so() -> None:
    long = trained(trainee(35_000, figures=(), lockstep=lockstep(35_000)))
    assert len(drawn(panels_of(long)[0], "area")) == 1
    assert "line: the median of every 70 updates; band: their smallest to their largest" in words(curves.svg(long))
    assert not drawn(panels_of(agreeing())[0], "area")
    assert len(losses(35_000).values) > POINTS


@pytest.mark.parametrize(
    ("values", "most", "expected"),
    [
        ([3.0, 70.0], 8, [2, 5, 10, 20, 50, 100]),
        ([0.75, 2e-6], 8, [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]),
        ([1e-16, 4e-14], 5, [1e-16, 1e-15, 1e-14, 1e-13]),
        ([5.0, 5.0], 8, [5, 10]),
        ([4.9, 8e90], 8, [1e0, 1e12, 1e24, 1e36, 1e48, 1e60, 1e72, 1e84, 1e96]),
    ],
)
def test_ticks_of_a_log_axis(values: list[float], most: int, expected: list[float]) -> None:
    assert decades.ticks(np.array(values), most) == expected


@pytest.mark.parametrize("value", [5e-324, 1e-320, 2.3e-308, 1.7e308])
def test_ticks_at_the_ends_of_what_there_is(value: float) -> None:
    for values in ([value], [value, 1.0]):
        marks = decades.ticks(np.array(values), 8)
        assert all(np.isfinite(mark) and mark > 0 for mark in marks)
        assert marks == sorted(set(marks))
        assert len(marks) >= 2
        assert len(marks) <= 10


def test_what_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert vega.missing() == ""
    monkeypatch.setattr(vega, "find_spec", lambda name: None if name == "altair" else object())
    assert vega.missing() == "curves: altair not installed: pip install 'handgrad[curves]'"
    monkeypatch.setattr(vega, "find_spec", lambda name: None)
    assert vega.missing() == "curves: altair and vl-convert-python not installed: pip install 'handgrad[curves]'"


def test_importing_it_imports_no_library_for_pictures() -> None:
    asked = "import reports, reports.curves, sys; reports.formats(); print({'altair', 'vl_convert'} & set(sys.modules))"
    root = Path(reports.__file__).parent.parent
    told = subprocess.run([sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
