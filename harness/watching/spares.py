"""The candidate's processes: each round of judging has a fresh one, and the next stands ready, started ahead."""

from __future__ import annotations

import threading
from types import TracebackType

from harness.candidates.failure import CandidateFailed
from harness.candidates.process import Process
from harness.candidates.target import Target
from harness.errors import BadInput


class Spares:
    """As a context manager that ends them all. ``limits`` are seconds and GiB, as for `Process`."""

    def __init__(self, candidate: str, timeout: float, memory: float) -> None:
        self._candidate, self._limits = candidate, (timeout, memory)
        self._spare: Process | None = None
        self._taken: Process | None = None
        self._starting: threading.Thread | None = None

    def take(self) -> Process:
        """A process that has seen nothing of the candidate's; the one taken before is ended.

        Raises BadInput where there is no such file.
        """
        self.end()
        spare, self._spare = self._spare, None
        if spare is not None and spare.target != Target.read(self._candidate):  # a link that leads elsewhere now
            spare.close()
            spare = None
        self._taken = spare or Process(self._candidate, *self._limits)
        return self._taken

    def end(self) -> None:
        """End the process that is at work, whatever it is doing."""
        taken, self._taken = self._taken, None
        if taken is not None:
            taken.close()

    def prepare(self) -> None:
        """Have one ready, without waiting for it; none where there is no such file now."""
        if self._spare is not None:
            return
        try:
            self._spare = Process(self._candidate, *self._limits)
        except BadInput:
            return
        self._starting = threading.Thread(target=_start, args=(self._spare,), daemon=True)
        self._starting.start()

    def __enter__(self) -> Spares:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if self._starting is not None:
            self._starting.join()
        if self._spare is not None:
            self._spare.close()


def _start(process: Process) -> None:
    try:
        process.start()
    except (CandidateFailed, OSError):
        process.close()  # the first request starts another, and tells what is wrong
