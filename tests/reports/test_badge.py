"""A badge is green for agreement that was measured, and for nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

import harness
import reports
from harness.cli import main
from harness.run import VERDICTS, Run, joined
from references import protocol
from reports import as_json, badge

GREEN = badge.PAINT["brightgreen"]


ROOT = Path(__file__).parent.parent.parent
#: What badge services publish of their endpoint, as a schema.
SCHEMA = json.loads((ROOT / "tests" / "data" / "endpoint-badge.schema.json").read_text("utf-8"))


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
    assert badge not in reports.formats().values()
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


def test_what_a_badge_service_reads_fits_its_schema(any_run: Run) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(endpoint(any_run), SCHEMA)
    jsonschema.validate(json.loads(badge.shield("gradient check", "12 of 12", "brightgreen")), SCHEMA)


@pytest.mark.parametrize(
    "changes",
    [
        {"schemaVersion": 2}, {"schemaVersion": "1"}, {"schemaVersion": None}, {"label": None}, {"message": ""},
        {"message": None}, {"message": 12}, {"isError": "true"}, {"colour": "red"}, {"logoWidth": 3},
        {"namedLogo": "python", "logoSvg": "<svg/>"}, {"logoColor": "red"}, {"logoSize": "auto"},
    ],
    ids=str,
)  # fmt: skip
def test_the_schema_sees_what_a_badge_service_refuses(changes: dict[str, Any], agreeing: Run) -> None:
    told = {name: value for name, value in (endpoint(agreeing) | changes).items() if value is not None}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, SCHEMA)


def test_the_schema_takes_what_a_badge_service_takes(agreeing: Run) -> None:
    logo = {"namedLogo": "python", "logoColor": "white", "logoSize": "auto", "style": "flat", "labelColor": "#333"}
    jsonschema.validate(endpoint(agreeing) | logo, SCHEMA)
    jsonschema.validate(endpoint(agreeing) | {"label": "", "logoSvg": "<svg/>", "logoSize": "auto"}, SCHEMA)


def test_several_runs_are_counted_as_one(agreeing: Run, c1: Run, inconclusive: Run, not_a_number: Run) -> None:
    def told(*runs: Run) -> tuple[str, str]:
        data = badge.counted([as_json.document(run) for run in runs])
        return badge.message(data), badge.colour(data)

    assert told(agreeing) == (badge.message(as_json.document(agreeing)), "brightgreen")
    assert told(agreeing, agreeing) == ("24/24 agree · 2.1 ulp", "brightgreen")
    assert told(agreeing, c1, agreeing) == ("differ · 32/44 agree · 6.7e+15 ulp", "red")
    assert told(inconclusive, agreeing) == ("inconclusive · 14/14 agree · 2.1 ulp", "yellow")
    assert told(agreeing, not_a_number, c1)[0].endswith(" agree · nan ulp")


def test_several_runs_on_the_command_line(agreeing: Run, c1: Run, tmp_path: Path) -> None:
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, run in zip(paths, (agreeing, c1), strict=True):
        path.write_text(reports.render(run, ".json"), "utf-8")
    assert main(["badge", *map(str, paths), "--out", str(tmp_path / "badge.json")]) == 0
    assert json.loads((tmp_path / "badge.json").read_text("utf-8"))["message"].startswith("differ · 20/32 agree")
    paths[1].write_text("none")
    assert main(["badge", *map(str, paths), "--out", str(tmp_path / "badge.json")]) == 2
    assert json.loads((tmp_path / "badge.json").read_text("utf-8"))["message"].startswith("differ · 20/32 agree")


# --- the badge in the README ----------------------------------------------------------------------------------------


def ours() -> tuple[dict[str, Any], str]:
    """The committed badge: the endpoint, and the picture."""
    told = json.loads((ROOT / "docs" / "badge.json").read_text("utf-8"))
    return dict(told), (ROOT / "docs" / "badge.svg").read_text("utf-8")


def test_our_badge_is_what_our_own_test_run_says() -> None:
    """The test command compares both cells with the default references; `make badge` makes the badge of its file."""
    if missing := [name for name, one in protocol.available().items() if one.DEFAULT and protocol.missing(one)]:
        pytest.skip(f"counted with all default references, and {', '.join(missing)} cannot run here")
    run = joined([harness.compare(cell=cell, alone=True) for cell in ("lstm", "rnn")], "pytest --gradients lstm,rnn")
    told, picture = ours()
    jsonschema.validate(told, SCHEMA)
    now = endpoint(run)
    counts, _, error = told.pop("message").partition(" agree · ")
    counts_now, _, error_now = now.pop("message").partition(" agree · ")
    assert (told, counts) == (now, counts_now)
    assert told["color"] == "brightgreen"
    # The worst error is rounding, which is the machine's: here it is as small everywhere.
    assert all(float(text.removesuffix(" ulp").lstrip("<")) < 100 for text in (error, error_now))
    assert f"{counts} agree · {error}" in picture and GREEN in picture


def test_the_readme_begins_with_our_badge() -> None:
    head = (ROOT / "README.md").read_text("utf-8").partition("\n## ")[0]
    assert "](docs/badge.svg)" in head
