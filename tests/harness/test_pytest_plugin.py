from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

COUNT = 9 * 4 + 8 * 4  # arrays × references: extended, jax, torch, torch-nn have both cells


def test_an_item_per_cell_reference_and_array(pytester: pytest.Pytester) -> None:
    arguments = ("--gradients", "lstm,rnn", "-v", "--gradients-report", "run.json", "--junitxml", "junit.xml")
    result = pytester.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=COUNT)
    result.stdout.fnmatch_lines(["*lstm-torch-W_hh PASSED*", "*rnn-jax-h0 PASSED*", "*gradients: worst errors*"])
    summary = [line for line in result.outlines if "error ÷ budget" in line]
    assert len(summary) == 5
    saved = json.loads((pytester.path / "run.json").read_text())
    assert (saved["agreeing"], saved["total"]) == (COUNT, COUNT)
    items = [(one.get("classname"), one.get("name")) for one in ElementTree.parse("junit.xml").iter("testcase")]
    assert len(items) == COUNT
    assert ("gradients.lstm", "lstm-torch-W_hh") in items


QUICK = '[tool.handgrad]\nreferences = ["extended"]\ndiagnose = false'


def test_items_can_be_chosen(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(QUICK)
    result = pytester.runpytest_subprocess("--gradients", "rnn", "-k", "extended and W_hh")
    result.assert_outcomes(passed=1, deselected=7)


def test_a_wrong_gradient_fails_with_the_tables_row(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import handgrad.model
        right = handgrad.model._readout_backward

        def wrong(dz, h, arrays):
            grads, G = right(dz, h, arrays)
            grads["b_y"] = grads["b_y"] / 4
            return grads, G

        handgrad.model._readout_backward = wrong
        """
    )
    result = pytester.runpytest_subprocess("--gradients", "rnn", "-k", "torch-nn")
    result.assert_outcomes(passed=7, failed=1, deselected=24)
    result.stdout.fnmatch_lines(
        ["✗ differ b_y: Σ Δ *, against torch-nn", "*every entry differs", "*b_y differs; W_ih,*", "diagnosis: (*"]
    )


def test_what_is_no_row_fails_every_item(pytester: pytest.Pytester) -> None:
    """A gradient that is right and a loss that is wrong: no array differs, and yet nothing passes."""
    pytester.makepyprojecttoml(QUICK)
    pytester.makeconftest(
        """
        import handgrad.losses
        right = handgrad.losses.LOSSES["softmax-cross-entropy"]

        def wrong(z, y):
            loss, dz = right(z, y)
            return loss * 2, dz

        handgrad.losses.LOSSES["softmax-cross-entropy"] = wrong
        """
    )
    result = pytester.runpytest_subprocess("--gradients", "rnn")
    result.assert_outcomes(failed=8)
    result.stdout.fnmatch_lines(["*only in the loss*"])


def test_what_is_the_row_of_no_item_fails_every_item(pytester: pytest.Pytester) -> None:
    """Truth that contradicts: its rows differ, and only torch was named."""
    pytester.makepyprojecttoml('[tool.handgrad]\nreferences = ["torch"]\ndiagnose = false')
    pytester.makeconftest(
        """
        from dataclasses import replace
        from harness import comparison
        from harness.plugin import cells
        right = comparison.compare

        def compare(**what):
            run = right(**what)
            judgement = run.judgements[0]
            rows = tuple(replace(row, verdict="differ") if row.reference == "extended" else row
                         for row in judgement.rows)
            return replace(run, judgements=(replace(judgement, rows=rows, verdict="differ", reason="planted"),))

        comparison.compare = compare
        """
    )
    result = pytester.runpytest_subprocess("--gradients", "rnn")
    result.assert_outcomes(failed=8)
    result.stdout.fnmatch_lines(["differ: planted"])


def test_what_only_a_companion_sees_fails_every_item(pytester: pytest.Pytester) -> None:
    """Clipped far above every entry of the default case."""
    pytester.makepyprojecttoml(QUICK)
    pytester.makeconftest(
        """
        import numpy as np
        from handgrad.cells import rnn
        right = rnn.backward
        rnn.backward = lambda tape, G, final: right(tape, np.clip(G, -100, 100), final)
        """
    )
    result = pytester.runpytest_subprocess("--gradients", "rnn")
    result.assert_outcomes(failed=8)
    result.stdout.fnmatch_lines(["*differ: companion case huge (*) cotangents: *"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--gradients", "gru2"], "cell: got 'gru2', allowed: lstm, rnn"),
        (["--gradients", "rnn", "--gradients-report", "run.txt"], 'run.txt: got suffix ".txt"'),
        (["--gradients-report", "none/run.md"], "none/run.md: cannot be written: there is no folder none"),
        (["--gradients-update"], "--gradients-update: got no baseline, needs --gradients-baseline FILE"),
        (["--gradients-baseline", "b.json"], "baseline b.json: there is no such file"),
        (["--gradients", "rnn", "--gradients-factor", "0.5"], "--gradients-factor: got 0.5, needs a number, 1 or more"),
        (["--gradients", "rnn", "--gradients-factor", "nan"], "--gradients-factor: got nan, needs a number, 1 or more"),
    ],
)
def test_bad_options_are_a_usage_error(pytester: pytest.Pytester, arguments: list[str], message: str) -> None:
    result = pytester.runpytest_subprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}*".replace("[", "[[]")])


def test_a_report_of_nothing_is_no_success(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess("--gradients-report", "run.md")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["gradients: --gradients-report: nothing was compared, so run.md was not written"])
    assert pytester.runpytest_inprocess("--gradients-report", "run.md", "--collect-only").ret == pytest.ExitCode.OK


def test_settings_hold_for_cells_too(pytester: pytest.Pytester) -> None:
    """Rows of truth that nobody named have no item, and are judged all the same."""
    pytester.makepyprojecttoml('[tool.handgrad]\nreferences = ["torch"]\nseeds = 2\ndiagnose = false')
    result = pytester.runpytest_subprocess("--gradients", "rnn", "-v", "--gradients-report", "run.json")
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(["*::rnn-torch-W_hh PASSED*"])
    assert json.loads((pytester.path / "run.json").read_text())["total"] == 8 * 2 * 2


def test_bad_settings_are_a_usage_error_where_they_are_used(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml("[tool.handgrad]\nseed = -1")
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    result = pytester.runpytest_inprocess("--gradients", "rnn")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *pyproject.toml, ?tool.handgrad?: seed: got -1, needs a whole number*"])


UNUSED = """
import sys

def test_it():
    ours = {name for name in sys.modules if name.split(".")[0] in ("harness", "reports", "references", "handgrad")}
    assert ours == {"harness", "harness.inside", "harness.pytest_plugin"}
    assert not {"numpy", "rich", "torch", "jax", "jinja2"} & set(sys.modules)
"""


def test_unused_it_imports_nothing(pytester: pytest.Pytester) -> None:
    """Neither with settings in the project, nor in workers of xdist."""
    pytester.makepyfile(UNUSED)
    pytester.makepyprojecttoml('[tool.handgrad]\nreferences = ["torch"]')
    others = ("-p", "no:jaxtyping", "-p", "no:hypothesispytest")  # plug-ins that do import NumPy or Rich
    pytester.runpytest_subprocess(*others).assert_outcomes(passed=1)
    pytester.runpytest_subprocess(*others, "-n", "1").assert_outcomes(passed=1)
