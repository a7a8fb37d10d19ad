"""The picture of a comparison: nothing wrong is hidden, nothing in it is more than text, and it is always the same."""

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

import harness
import reports
from harness import output
from harness.errors import BadInput
from harness.pictured import Adjoint, Adjoints, Axis, Elements
from harness.run import Judgement, Run
from reports import drawn_maps, picture, steps, vega

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script>&amp;\x1b[31m\x07\u202e\ufffe\udcff" + "x" * 300
NOTHING = "there is no array to draw entry by entry"


def words(drawn: str) -> list[str]:
    """Every line of text that stands in a picture."""
    return [line for text in ElementTree.fromstring(drawn).iter(f"{SVG}text") for line in text.itertext()]


@cache
def compared() -> Run:
    """The LSTM's own hand-derived gradients, which agree."""
    return harness.compare(shape="T=4,B=2,D=3,H=5,K=4", references=(), alone=True)


def planted(array: str = "W_hh", at: tuple[int, ...] = (7, 2), ratio: float = 30.0) -> Run:
    """The same with one entry beyond its budget."""
    (judgement,) = compared().judgements
    wrong = tuple(_wrong(one, at, ratio) if one.array == array else one for one in judgement.elements)
    rows = tuple(replace(row, verdict="differ", ratio=ratio) if row.array == array else row for row in judgement.rows)
    told = replace(judgement, elements=wrong, rows=rows, verdict="differ", reason=f"{array} differs")
    return replace(compared(), judgements=(told,))


def _wrong(one: Elements, at: tuple[int, ...], ratio: float) -> Elements:
    told = {name: values.copy() for name, values in one.ratio.items()}
    for values in told.values():
        values[at] = ratio
    return replace(one, ratio=told)


def adjoints(error: float = 1e-16) -> Adjoints:
    """Adjoints: da of four gates and both states over four steps; one value of dh is as given."""
    da = np.full((4, 4), 2e-16)
    dh = np.array([[1e-16, error, 0.0, 3e-16]])
    return Adjoints(
        "lstm · seed 0", "identity probe",
        (Adjoint("da", tuple("ifgo"), da, da * 10), Adjoint("dh", ("",), dh, np.full((1, 4), 1e-15)),
         Adjoint("dc", ("",), np.full((1, 4), np.nan), np.full((1, 4), np.nan))),
        ("dc was not seen",),
    )  # fmt: skip


def layers(run: Run) -> list[dict[str, Any]]:
    """The layers of the maps as they are specified."""
    (judgement,) = run.judgements
    told = drawn_maps.chart(judgement).to_dict()
    for layer in told["layer"]:
        layer["data"] = told["datasets"][layer["data"]["name"]]
    return list(told["layer"])


def areas(run: Run) -> list[dict[str, Any]]:
    return next(layer["data"] for layer in layers(run) if layer["mark"]["type"] == "rect")


def outlines(run: Run) -> list[dict[str, Any]]:
    """The lines that the legend uses for what rounding does not explain."""
    return next(
        layer["data"] for layer in layers(run)
        if layer["mark"]["type"] == "rule" and layer["mark"]["strokeWidth"] == 1.6
    )  # fmt: skip


def test_it_says_the_verdict_the_case_and_every_array() -> None:
    told = words(picture.svg(compared()))
    (judgement,) = compared().judgements
    assert any(line.startswith("✓ agree: ") for line in told)
    assert judgement.case.title in " ".join(told)
    assert {one.array for one in judgement.elements} <= set(told)
    assert {*"ifgo", "20×5", "B 1", "T"} <= set(told)
    assert "|Δ| ÷ budget, entry by entry, against extended" in told


def test_a_wrong_entry_is_loud_outlined_and_told() -> None:
    right, wrong = compared(), planted(ratio=3000.0)
    legend = [row for row in areas(right) if row["y"] == 0]
    assert {row["fill"] for row in areas(right) if row not in legend} <= set(drawn_maps.CALM)
    (loud,) = [row for row in areas(wrong) if row["y"] > 0 and row["fill"] in drawn_maps.LOUD]
    assert loud["fill"] == drawn_maps.LOUD[1]
    around = [line for line in outlines(wrong) if line not in outlines(right)]
    assert {(line["x"], line["x2"], line["y"], line["y2"]) for line in around} == {
        (loud["x"], loud["x2"], loud["y"], loud["y"]), (loud["x"], loud["x2"], loud["y2"], loud["y2"]),
        (loud["x"], loud["x"], loud["y"], loud["y2"]), (loud["x2"], loud["x2"], loud["y"], loud["y2"]),
    }  # fmt: skip
    assert {"✗ differ: W_hh differs", "✗ 3000"} <= set(words(picture.svg(wrong)))


def test_an_outline_lies_over_all_other_lines() -> None:
    colours = [layer["mark"]["color"] for layer in layers(planted()) if layer["mark"]["type"] == "rule"]
    assert colours.count(drawn_maps.NOT_KNOWN) == 2  # between cells, and between gates
    assert colours[-1] == vega.INK


def test_a_value_that_is_not_a_number_is_as_loud_as_can_be() -> None:
    assert drawn_maps.LOUD[-1] in {row["fill"] for row in areas(planted(ratio=np.nan)) if row["y"] > 0}


def test_colours_get_darker_the_worse() -> None:
    def light(colour: str) -> float:
        return sum(part * int(colour[k : k + 2], 16) for part, k in ((0.2126, 1), (0.7152, 3), (0.0722, 5)))

    for shades in (drawn_maps.CALM, drawn_maps.LOUD):
        assert [*map(light, shades)] == sorted(map(light, shades), reverse=True)
    assert len(drawn_maps.SHADES) == len(drawn_maps.EDGES) + 1


@pytest.mark.parametrize("size", [(64, 16), (3, 2), (1, 1), (96, 64), (1, 96)])
def test_no_text_of_the_maps_overlaps_another_whatever_their_sizes(size: tuple[int, int]) -> None:
    (judgement,) = compared().judgements
    axes = (Axis("A", "row", ("",) * size[0]), Axis("D", "column", ("",) * size[1]))
    zeros = np.zeros(size)
    told = {"extended": zeros}
    one = Elements("W" * 40, size, axes, (1, 1), zeros, zeros, zeros, told, told, told, told)
    several = replace(judgement, elements=(*judgement.elements, *(replace(one, array=f"{k}{'W' * 30}") for k in "abc")))
    boxes = [
        (x - {"left": 0, "center": 0.5, "right": 1}[align] * wide, y - size, wide, size)
        for layer in layers(replace(compared(), judgements=(several,)))
        if layer["mark"]["type"] == "text"
        for align, size in [(layer["mark"]["align"], layer["mark"]["fontSize"])]
        for row in layer["data"]
        for x, y, wide in [(row["x"], row["y"], 0.62 * size * len(row["text"]))]
    ]
    for k, (x, y, wide, high) in enumerate(boxes):
        for other_x, other_y, other_wide, other_high in boxes[:k]:
            beside = x + wide <= other_x or other_x + other_wide <= x
            above = y + high <= other_y + 1 or other_y + other_high <= y + 1
            assert beside or above


def test_every_run_can_be_drawn(any_run: Run) -> None:
    told = picture.chart(any_run).to_dict()
    assert told["title"]["text"][0][:2] in ("✓ ", "✗ ", "? ", "! ")
    assert any(row.get("text") == NOTHING for rows in told["datasets"].values() for row in rows)


def test_of_several_cases_the_worst_is_drawn_and_counted(several: Run) -> None:
    told = " ".join(words(picture.svg(several)))
    assert "the worst of 4 cases: ✗ differ" in told
    assert "seed 2" in told


def test_hostile_names_are_text() -> None:
    (judgement,) = planted().judgements
    elements = tuple(
        replace(one, array=HOSTILE, axes=tuple(Axis(HOSTILE, a.kind, a.labels, ((HOSTILE, (0,)),)) for a in one.axes))
        for one in judgement.elements[:2]
    )
    rows = tuple(replace(row, array=HOSTILE) for row in judgement.rows)
    hostile: Judgement = replace(
        judgement, elements=elements, rows=rows, candidate=HOSTILE, reason=HOSTILE, truth=HOSTILE
    )
    error = np.array([[1e-3, 1e-9]])
    seen = Adjoints(HOSTILE, HOSTILE, (Adjoint(HOSTILE, (HOSTILE, HOSTILE), np.r_[error, error], np.r_[error, error]),),
                    (HOSTILE,))  # fmt: skip
    drawn = picture.svg(replace(compared(), judgements=(hostile,), adjoints=seen))
    root = ElementTree.fromstring(drawn)
    assert not {element.tag.removeprefix(SVG) for element in root.iter()} & {"script", "image", "a", "foreignObject"}
    assert "</text><script>alert(1)</script>" in " ".join(words(drawn))
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ufffe\udcff]", drawn)
    assert set(re.findall(r"\w+://[^\"'\s<]*", drawn)) == {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
    }  # fmt: skip


def test_adjoints_stand_below_with_their_budget() -> None:
    told = words(picture.svg(replace(compared(), adjoints=adjoints())))
    assert {"Adjoints, step by step", steps.MEANING, "da", "dh", "dc was not seen"} <= set(told)
    assert "dc" not in told  # nothing of it is known
    assert "Adjoints, step by step" not in words(picture.svg(compared()))


@pytest.mark.parametrize(("error", "fill"), [(1e-16, "white"), (1e-3, steps.INK), (np.inf, steps.INK)])
def test_what_is_beyond_the_budget_is_filled(error: float, fill: str) -> None:
    chart = steps.chart(adjoints(error))
    assert chart is not None
    told = chart.to_dict()
    data = told["datasets"][told["hconcat"][1]["layer"][0]["data"]["name"]]
    assert [row["fill"] for row in data] == ["white", fill, "white", "white"]
    low, high = told["hconcat"][1]["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert all(low <= row["error"] <= high for row in data)
    assert data[2]["error"] == low  # exactly right


def test_adjoints_of_which_nothing_is_known_are_left_out() -> None:
    unknown = np.full((1, 3), np.nan)
    assert steps.chart(Adjoints("", "", (Adjoint("da", ("",), unknown, unknown),))) is None
    assert steps.chart(Adjoints("", "", ())) is None


def test_the_same_run_gives_the_same_picture_in_another_process() -> None:
    asked = (
        "import sys; sys.path[:0] = ['tests/helpers']\n"
        "from harness.pictured import *; import numpy as np; from reports import steps, vega; import altair\n"
        "one = Adjoint('da', tuple('ifgo'), np.full((4, 3), 1e-16), np.full((4, 3), 1e-15))\n"
        "print(vega.svg(vega.configured(altair.vconcat(steps.chart(Adjoints('', '', (one,))))).to_dict()))"
    )
    root = Path(reports.__file__).parent.parent
    told = [
        subprocess.run([sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True,
                       env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert told[0] == told[1] != ""
    assert picture.svg(planted()) == picture.svg(planted())


def test_png_is_sharp_and_svg_is_readme_sized(tmp_path: Path) -> None:
    output.write(planted(), tmp_path / "chart.png")
    output.write(planted(), tmp_path / "chart.SVG")
    width, height = struct.unpack(">II", (tmp_path / "chart.png").read_bytes()[16:24])
    root = ElementTree.parse(tmp_path / "chart.SVG").getroot()
    assert (width, height) == (
        round(vega.SCALE * float(root.get("width", 0))),
        round(vega.SCALE * float(root.get("height", 0))),
    )
    assert 760 <= width / vega.SCALE <= 860


@pytest.mark.parametrize(("suffix", "refused"), [(".svg", True), (".png", True), (".md", False), (".html", False)])
def test_a_picture_without_its_extra_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str, refused: bool
) -> None:
    monkeypatch.setattr(vega, "find_spec", lambda name: None if name == "vl_convert" else object())
    if not refused:
        output.check(tmp_path / f"run{suffix}")
        return
    with pytest.raises(BadInput, match=r"^curves: vl-convert-python not installed: pip install 'handgrad\[curves\]'$"):
        output.check(tmp_path / f"run{suffix}")


def test_what_cannot_be_drawn_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(run: Run) -> str:
        raise ValueError("no\nsecond line")

    monkeypatch.setattr(picture, "svg", fail)
    with pytest.raises(BadInput, match=r"run\.svg: cannot be drawn: no$"):
        output.write(compared(), tmp_path / "run.svg")
    assert not list(tmp_path.iterdir())


def test_importing_the_formats_imports_no_library_for_pictures() -> None:
    asked = "import reports, sys; reports.formats(); print({'altair', 'vl_convert', 'jinja2'} & set(sys.modules))"
    root = Path(reports.__file__).parent.parent
    told = subprocess.run([sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
