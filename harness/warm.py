"""What stays from one comparison of a file to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.candidates.process import Process
from harness.run import Run
from harness.workers import Workers


@dataclass(frozen=True)
class Warm:
    """Handed to `harness.comparison.compare`; process and workers are the caller's to end.

    ``told`` hears the run as it stands: by the references, before the candidate's own forward is asked, which may take
    seconds; and with the diagnosis, where that comes first.
    """

    process: Process  #: of the candidate, started ahead
    workers: Workers
    told: Callable[[Run], None]
