"""A badge is green for agreement that was measured, and for nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import reports
from harness.run import VERDICTS, Run
from reports import as_json, badge

GREEN = badge.PAINT["brightgreen"]


def endpoint(run: Run) -> dict[str, Any]:
    """What a badge service reads of the run."""
    return dict(json.loads(badge.endpoint(as_json.document(run))))


def test_agreement_is_green_with_counts_and_error(agreeing: Run) -> None:
    assert endpoint(agreeing) == {
        "schemaVersion": 1, "label": "gradients", "message": "12/12 agree · 2.1 ulp", "color": "brightgreen",
    }  # fmt: skip


def test_difference_is_red(c1: Run) -> None:
    told = endpoint(c1)
    assert (told["message"], told["color"]) == ("differ · 8/20 agree · 6.7e+15 ulp", "red")
    assert "isError" not in told


def test_an_inconclusive_run_is_yellow_though_every_row_agrees(inconclusive: Run) -> None:
    assert inconclusive.agreeing == len(inconclusive.rows) > 0
    told = endpoint(inconclusive)
    assert (told["message"], told["color"]) == ("inconclusive · 2/2 agree · 2.1 ulp", "yellow")


def test_an_error_is_red_and_an_error(failed: Run) -> None:
    told = endpoint(failed)
    assert (told["message"], told["color"], told["isError"]) == ("error · nothing compared", "red", True)


def test_a_run_of_nothing_is_not_green(empty: Run) -> None:
    assert empty.verdict == "agree"
    assert (endpoint(empty)["message"], endpoint(empty)["color"]) == ("nothing compared", "yellow")


def test_green_needs_the_verdict_all_rows_and_a_measured_error() -> None:
    for verdict in VERDICTS:
        for agreeing, total in ((0, 0), (0, 3), (2, 3), (3, 3)):
            for ulp in (2.1, "nan", "inf"):
                data = {"verdict": verdict, "agreeing": agreeing, "total": total, "worst_ulp": ulp}
                green = verdict == "agree" and agreeing == total == 3 and ulp == 2.1
                assert (badge.colour(data) == "brightgreen") == green
                assert (GREEN in badge.svg(data)) == green


def test_the_picture_says_what_the_endpoint_says(any_run: Run) -> None:
    data = as_json.document(any_run)
    picture = ElementTree.fromstring(badge.svg(data).partition("?>")[2])
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert set(texts) == {"gradients", badge.message(data)}
    paints = {path.get("fill") for path in picture.iter("{http://www.w3.org/2000/svg}path")}
    assert badge.PAINT[badge.colour(data)] in paints


def test_the_same_run_gives_the_same_picture(c1: Run) -> None:
    data = as_json.document(c1)
    assert badge.svg(data) == badge.svg(data)


def test_it_is_no_format() -> None:
    assert ".svg" not in reports.formats()
    assert not hasattr(badge, "SUFFIXES")


def test_every_saved_run_loads(any_run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(reports.render(any_run, ".json"), "utf-8")
    assert badge.load(path) == as_json.document(any_run)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"not json", "got what is not JSON, allowed: a saved run"),
        (b"\xff\xfe\x00", "got what is not JSON, allowed: a saved run"),
        (b'{"worst_ulp": NaN}', "got what is not JSON, allowed: a saved run"),
        (b"[" * 100_000, "got what is not JSON, allowed: a saved run"),
        (b"[1]", "got JSON without a format_version, allowed: a saved run"),
        (b'{"schemaVersion": 1}', "got JSON without a format_version, allowed: a saved run"),
    ],
)  # fmt: skip
def test_what_is_no_run_is_refused_in_one_line(content: bytes, got: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    assert refused(path) == f"{path}: {got}; {badge.AGAIN}"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("format_version", 2, "got format_version 2, allowed: 1"),
        ("format_version", True, "got format_version True, allowed: 1"),
        ("format_version", None, "got format_version None, allowed: 1"),
        ("verdict", "fine", "got verdict 'fine', allowed: agree, differ, inconclusive, error"),
        ("verdict", ["agree"], "got verdict ['agree'], allowed: agree, differ, inconclusive, error"),
        ("agreeing", -1, "got agreeing -1, allowed: a count"),
        ("agreeing", 21, "got agreeing 21, allowed: 0 to 20, its total"),
        ("total", True, "got total True, allowed: a count"),
        ("worst_ulp", "2.1", "got worst_ulp '2.1', allowed: a number, nan, inf"),
        ("worst_ulp", None, "got worst_ulp None, allowed: a number, nan, inf"),
        ("worst_ulp", [2.1], "got worst_ulp [2.1], allowed: a number, nan, inf"),
    ],
)  # fmt: skip
def test_a_run_that_was_changed_is_refused(name: str, value: object, told: str, c1: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(as_json.document(c1) | {name: value}), "utf-8")
    assert refused(path) == f"{path}: {told}; {badge.AGAIN}"


def test_a_number_that_no_float_holds_is_refused(c1: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(as_json.document(c1) | {"worst_ulp": 10**400}), "utf-8")
    assert "allowed: a number, nan, inf" in refused(path)


def refused(path: Path) -> str:
    """The line by which ``load`` refuses the file."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # its caller compares the whole message
        badge.load(path)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_run_with_one_difference_in_a_thousand_is_not_green(agreeing: Run) -> None:
    (judgement,) = agreeing.judgements
    rows = judgement.rows[:1] * 999 + (replace(judgement.rows[0], verdict="differ"),)
    told = endpoint(replace(agreeing, judgements=(replace(judgement, rows=rows, verdict="differ"),)))
    assert (told["message"], told["color"]) == ("differ · 999/1000 agree · 2.1 ulp", "red")
