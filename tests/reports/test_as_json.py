"""The saved run is strict JSON, is what its schema says, and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]  # its stubs are apart

from harness.diagnosed import Diagnosis, Equation, Example, Fault, Map, Place
from harness.run import CaseSummary, Finding, Judgement, Participant, Parts, Row, Run, Source
from reports import as_json

VALIDATOR = Draft202012Validator(as_json.schema())


def saved(run: Run) -> dict[str, Any]:
    """The run as a strict reader gets it back."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return dict(json.loads(as_json.render(run), parse_constant=refuse))


def test_every_run_is_what_the_schema_says(any_run: Run) -> None:
    Draft202012Validator.check_schema(as_json.schema())
    VALIDATOR.validate(saved(any_run))


@pytest.mark.parametrize(
    ("name", "kind", "own"),
    [
        ("row", Row, set()), ("parts", Parts, set()), ("finding", Finding, set()), ("participant", Participant, set()),
        ("case", CaseSummary, {"title"}), ("judgement", Judgement, set()), ("source", Source, set()),
        ("diagnosis", Diagnosis, set()),
        ("equation", Equation, set()), ("fault", Fault, set()), ("place", Place, set()), ("map", Map, set()),
        ("example", Example, set()),
    ],
)  # fmt: skip
def test_the_schema_has_each_field_of_the_run(name: str, kind: Any, own: set[str]) -> None:
    described = as_json.schema()["$defs"][name]
    assert set(described["properties"]) - own == {field.name for field in fields(kind)} - set(as_json.PICTURED)


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object that the schema describes by its properties."""
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from objects(inner)
    if isinstance(schema, dict) and schema.get("type") == "object" and "properties" in schema:
        yield schema


def test_the_schema_requires_everything_and_allows_nothing_else() -> None:
    found = list(objects(as_json.schema()))
    assert len(found) == 14
    for described in found:
        assert described["required"] == list(described["properties"])
        assert described["additionalProperties"] is False


def everywhere(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every key in the document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        if isinstance(value, dict):
            yield (*path, key)
        yield from everywhere(inner, (*path, key))


def test_without_any_one_key_it_is_no_run(diagnosed: Run) -> None:
    document = saved(diagnosed)
    del document["judgements"][0]["rows"][3:], document["judgements"][0]["participants"][1:]
    free = {"versions", "sizes", "shapes", "arrays", "between"}  # whose keys are names
    paths = [path for path in everywhere(document) if len(path) < 2 or path[-2] not in free]
    assert len(paths) > 80
    for path in paths:
        holder: Any = document
        for step in path[:-1]:
            holder = holder[step]
        removed = holder.pop(path[-1])
        assert not VALIDATOR.is_valid(document), path
        holder[path[-1]] = removed
    VALIDATOR.validate(document)


def _verdict(run: dict[str, Any]) -> None:
    run["verdict"] = "agree"


def _row_verdict(run: dict[str, Any]) -> None:
    run["judgements"][0]["rows"][0]["verdict"] = "fine"


def _negative(run: dict[str, Any]) -> None:
    run["judgements"][0]["rows"][0]["max_abs"] = -1.0


def _null(run: dict[str, Any]) -> None:
    run["judgements"][0]["rows"][0]["ulp"] = None


def _word(run: dict[str, Any]) -> None:
    run["worst_ulp"] = "2.1"


def _extra(run: dict[str, Any]) -> None:
    run["judgements"][0]["case"]["note"] = ""


def _role(run: dict[str, Any]) -> None:
    run["judgements"][0]["participants"][0]["role"] = "judge"


def _status(run: dict[str, Any]) -> None:
    run["diagnosis"]["equations"][0]["status"] = "wrong"


def _certainty(run: dict[str, Any]) -> None:
    run["diagnosis"]["places"][0]["certainty"] = "certain"


def _hole(run: dict[str, Any]) -> None:
    run["diagnosis"]["map"]["error"][0][0] = None


def _version(run: dict[str, Any]) -> None:
    run["format_version"] = 2


def _count(run: dict[str, Any]) -> None:
    run["agreeing"] = 8.5


@pytest.mark.parametrize("tamper", [
    _verdict, _row_verdict, _negative, _null, _word, _extra, _role, _version, _count, _status, _certainty, _hole,
])  # fmt: skip
def test_the_schema_rejects_tampering(diagnosed: Run, tamper: Callable[[dict[str, Any]], None]) -> None:
    document = saved(diagnosed)
    tamper(document)
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document)


def test_nan_and_infinities_are_words(not_a_number: Run) -> None:
    first, second = saved(not_a_number)["judgements"][0]["rows"]
    assert (first["total"], first["ratio"]) == ("nan", "nan")
    assert (second["total"], second["max_abs"]) == ("-inf", "inf")
    assert saved(not_a_number)["worst_ulp"] == "nan"


def test_it_holds_the_whole_run(c1: Run) -> None:
    document, (judgement,) = saved(c1), c1.judgements
    assert (document["format_version"], document["verdict"], document["exit_code"]) == (1, "differ", 1)
    assert (document["agreeing"], document["total"], document["worst_ulp"]) == (8, 20, 6.676e15)
    assert (document["command"], document["versions"]) == (c1.command, dict(c1.versions))
    (told,) = document["judgements"]
    assert told["case"]["title"] == judgement.case.title
    assert [row["array"] for row in told["forward"]] == ["loss", "h"]
    assert [row["total"] for row in told["rows"]] == [row.total for row in judgement.rows]
    assert told["rows"][3]["words"] == ["rows 0–3 differ, row 4 agrees"]
    assert [p["status"] for p in told["participants"]] == ["judged"] * 5 + ["not run"]
    assert told["findings"] == [{"name": "blind", "text": judgement.findings[0].text, "arrays": ["h0"]}]


def test_it_holds_the_whole_diagnosis(diagnosed: Run) -> None:
    told, diagnosis = saved(diagnosed)["diagnosis"], diagnosed.diagnosis
    assert diagnosis is not None and diagnosis.map is not None and diagnosis.example is not None
    for name in ("sentence", "localised", "step", "method", "calls", "seconds"):
        assert told[name] == getattr(diagnosis, name)
    assert [Place(**place) for place in told["places"]] == list(diagnosis.places)
    assert [Fault(**{**fault, "tags": tuple(fault["tags"])}) for fault in told["faults"]] == list(diagnosis.faults)
    assert [one["residual"] for one in told["equations"]] == [
        "nan" if one.status == "untested" else one.residual for one in diagnosis.equations
    ]
    assert told["map"]["error"] == diagnosis.map.error.tolist()
    for name in ("arrays", "between"):
        assert {key: np.array(value).tolist() for key, value in told["example"][name].items()} == {
            key: array.tolist() for key, array in getattr(diagnosis.example, name).items()
        }
    assert told["example"]["test"] == diagnosis.example.test


def test_without_a_diagnosis_it_says_so(c1: Run) -> None:
    assert saved(c1)["diagnosis"] is None


def test_only_parts_of_what_does_not_agree_are_kept(c1: Run) -> None:
    (part,) = saved(c1)["judgements"][0]["parts"]
    assert (part["array"], part["reference"], part["kind"]) == ("Wxh", "extended", "row")
    assert part["differs"] == [True, True, True, True, False]
    assert part["total"][-1] == 4.3e-18


def test_parts_against_a_reference_that_agrees_are_left_out(c1: Run) -> None:
    (judgement,) = c1.judgements
    elsewhere = replace(judgement.parts[0], reference="torch")
    rows = tuple(replace(row, verdict="agree") if row.reference == "torch" else row for row in judgement.rows)
    told = saved(replace(c1, judgements=(replace(judgement, rows=rows, parts=(judgement.parts[0], elsewhere)),)))
    assert [part["reference"] for part in told["judgements"][0]["parts"]] == ["extended"]


def test_numbers_of_numpy_are_numbers(c1: Run) -> None:
    (judgement,) = c1.judgements
    odd: dict[str, Any] = {"at": (np.int64(2), np.int64(6)), "total": np.longdouble(0.125), "vacuous": np.bool_(False)}
    row = replace(judgement.rows[2], **odd)
    part = replace(judgement.parts[0], array=row.array, ratio=np.full(5, np.longdouble("inf")))
    document = saved(replace(c1, judgements=(replace(judgement, rows=(row,), parts=(part,)),)))
    VALIDATOR.validate(document)
    told = document["judgements"][0]
    assert (told["rows"][0]["at"], told["rows"][0]["total"]) == ([2, 6], 0.125)
    assert told["parts"][0]["ratio"] == ["inf"] * 5


def test_it_is_ascii(hostile: Run) -> None:
    assert as_json.render(hostile).isascii()
