"""A run goes from one process to another without a loss."""

from __future__ import annotations

import json
from dataclasses import replace

import faults
import numpy as np
import pytest

import harness
import reports
from harness.plugin.carried import packed, unpacked
from harness.run import Finding, Run


@pytest.fixture(scope="module")
def run() -> Run:
    """One that differs, with its diagnosis."""
    candidate = faults.no_flow_through_time
    return harness.compare(case=faults.model_question(), references="extended", candidate=candidate, diagnose=True)


def test_every_report_of_it_is_the_same(run: Run) -> None:
    back = unpacked(packed(run))
    assert run.diagnosis is not None
    for suffix in (".md", ".csv", ".json"):
        assert reports.render(back, suffix) == reports.render(run, suffix)


def test_every_bit_comes_back(run: Run) -> None:
    back = unpacked(packed(run))
    assert packed(back) == packed(run)
    assert len(run.judgements[0].elements) > 0
    for one, other in zip(run.judgements[0].elements, back.judgements[0].elements, strict=True):
        assert one.axes == other.axes
        for array, copy in ((one.budget, other.budget), *((one.delta[n], other.delta[n]) for n in one.delta)):
            assert array.dtype == copy.dtype
            np.testing.assert_array_equal(array, copy)


def test_whatever_a_candidate_wrote_comes_back(run: Run) -> None:
    """Lone surrogates, control characters, what looks like one of our marks, NaN and infinities."""
    finding = Finding("\ud800\x00\x1b[31m", '{"$": "Run", "of": {}}', ("$", ""))
    judgement = run.judgements[0]
    odd = replace(judgement.rows[0], ulp=float("nan"), ratio=float("inf"), relative=np.float64(3.5))
    changed = replace(run, findings=(finding,), judgements=(replace(judgement, rows=(odd,)),))
    text = packed(changed)
    text.encode("ascii")
    assert isinstance(json.loads(text), dict)
    back = unpacked(text)
    assert back.findings == (finding,)
    row = back.judgements[0].rows[0]
    assert np.isnan(row.ulp)
    assert (row.ratio, row.relative, type(row.relative)) == (float("inf"), 3.5, np.float64)
