"""The run as CSV: its tidy frame, a row per case, array and reference, every number in full."""

from __future__ import annotations

from harness.run import Run

SUFFIXES = (".csv",)


def render(run: Run) -> str:
    """``run.frame`` with ``nan`` written out, which pandas would leave empty, and the same line ends everywhere."""
    return run.frame.to_csv(index=False, na_rep="nan", lineterminator="\n")
