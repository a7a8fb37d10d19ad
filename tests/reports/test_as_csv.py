"""CSV holds the tidy frame with nothing rounded."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

from harness.run import Run
from reports import as_csv


def records(run: Run) -> list[dict[str, str]]:
    """The rows as the standard library reads them back."""
    return list(csv.DictReader(io.StringIO(as_csv.render(run))))


def test_every_comparison_is_a_record_with_every_digit(any_run: Run) -> None:
    read = records(any_run)
    assert len(read) == len(any_run.rows)
    for record, row in zip(read, any_run.rows, strict=True):
        assert (record["array"], record["reference"], record["verdict"]) == (row.array, row.reference, row.verdict)
        for name in ("total", "total_abs", "max_abs", "candidate", "expected", "relative", "ulp", "ratio"):
            read_back, value = float(record[name]), getattr(row, name)
            assert read_back == value or (math.isnan(read_back) and math.isnan(value))


def test_no_digit_is_lost(c1: Run) -> None:
    (judgement,) = c1.judgements
    exact = replace(judgement.rows[0], total=math.nextafter(0.1, 1), ulp=math.pi * 1e-300)
    (record,) = records(replace(c1, judgements=(replace(judgement, rows=(exact,)),)))
    assert (float(record["total"]), float(record["ulp"])) == (math.nextafter(0.1, 1), math.pi * 1e-300)


def test_nan_is_written_out(not_a_number: Run) -> None:
    first, second = records(not_a_number)
    assert (first["total"], first["ulp"]) == ("nan", "nan")
    assert (second["total"], second["max_abs"]) == ("-inf", "inf")


def test_lines_end_alike_everywhere(c1: Run) -> None:
    assert "\r" not in as_csv.render(c1)


def test_a_run_of_nothing_has_its_header(empty: Run) -> None:
    assert as_csv.render(empty).startswith("case,cell,dtype,source,array,reference,")
