"""For tests of one's own: a comparison that raises where it does not agree."""

from __future__ import annotations

from typing import Any

from harness.comparison import compare
from harness.run import Run


def assert_gradients(**what: Any) -> Run:
    """Compare as `harness.compare` does, with the same arguments, and give the run back where all agrees.

    Raises AssertionError, with the report's table as its text, for any other verdict; BadInput as `compare` does.
    """
    run = compare(**what)
    if run.verdict != "agree":
        from reports.terminal import plain

        raise AssertionError(f"{run.verdict}\n{plain(run)}")
    return run
