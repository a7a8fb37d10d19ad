from __future__ import annotations

import json

import pytest

COUNT = 9 * 4 + 8 * 4  # arrays × references: extended, jax, torch, torch-nn have both cells


def test_an_item_per_cell_reference_and_array(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--gradients", "lstm,rnn", "-v", "--gradients-report", "run.json")
    result.assert_outcomes(passed=COUNT)
    result.stdout.fnmatch_lines(["*lstm-torch-W_hh PASSED*", "*rnn-jax-h0 PASSED*", "*gradients: worst errors*"])
    summary = [line for line in result.outlines if "error ÷ budget" in line]
    assert len(summary) == 5
    saved = json.loads((pytester.path / "run.json").read_text())
    assert (saved["agreeing"], saved["total"]) == (COUNT, COUNT)


def test_items_can_be_chosen(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--gradients", "rnn", "-k", "torch-nn and W_hh")
    result.assert_outcomes(passed=1, deselected=8 * 4 - 1)


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
        ["✗ differ b_y: Σ Δ *, against torch-nn", "*every entry differs", "*b_y differs; W_ih,*"]
    )


def test_what_is_no_row_fails_every_item(pytester: pytest.Pytester) -> None:
    """A gradient that is right and a loss that is wrong: no array differs, and yet nothing passes."""
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
    result.assert_outcomes(failed=8 * 4)
    result.stdout.fnmatch_lines(["*only in the loss*"])


def test_what_only_a_companion_sees_fails_every_item(pytester: pytest.Pytester) -> None:
    """Clipped far above every entry of the default case."""
    pytester.makeconftest(
        """
        import numpy as np
        from handgrad.cells import rnn
        right = rnn.backward
        rnn.backward = lambda tape, G, final: right(tape, np.clip(G, -100, 100), final)
        """
    )
    result = pytester.runpytest_subprocess("--gradients", "rnn")
    result.assert_outcomes(failed=8 * 4)
    result.stdout.fnmatch_lines(["*differ: companion case huge (*) cotangents: *"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--gradients", "gru2"], "cell: got 'gru2', allowed: lstm, rnn"),
        (["--gradients", "rnn", "--gradients-report", "run.txt"], 'run.txt: got suffix ".txt"'),
        (["--gradients-report", "run.md"], "--gradients-report: got no --gradients"),
    ],
)
def test_bad_options_are_a_usage_error(pytester: pytest.Pytester, arguments: list[str], message: str) -> None:
    result = pytester.runpytest_subprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}*".replace("[", "[[]")])


def test_unused_it_adds_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n\ndef test_it():\n    assert not {'numpy', 'rich', 'reports'} & set(sys.modules)\n"
    )
    others = ("-p", "no:jaxtyping", "-p", "no:hypothesispytest")  # plug-ins that do import NumPy or Rich
    pytester.runpytest_subprocess(*others).assert_outcomes(passed=1)
