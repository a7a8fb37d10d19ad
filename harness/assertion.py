"""For tests of one's own: a comparison that raises where it does not agree, and what it then says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import inside
from harness.comparison import compare
from harness.errors import BadInput
from harness.run import Run
from harness.settings import Settings


def assert_gradients(**what: Any) -> Run:
    """Compare as `harness.compare` does, with the same arguments, and give the run back where all agrees.

    A difference is diagnosed, unless ``diagnose=False``. Inside pytest the defaults of the project's
    ``[tool.handgrad]`` hold for what is not given; outside it nothing is read.

    Raises AssertionError for any other verdict, with the verdict, the worst row, and the diagnosis in three lines as
    its text; BadInput as `compare` does.
    """
    __tracebackhide__ = True  # pytest shows the line that called
    settings = Settings.read(Path(inside.project)) if inside.project else Settings()
    try:
        run = compare(**settings.arguments(what))
    except BadInput as error:
        raise BadInput(settings.blame(error, what)) from None
    if run.verdict != "agree":
        from harness.failure import failure

        raise AssertionError(failure(run))
    return run
