"""Workers that stay, and that answer a case which comes again from memory."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

import numpy as np

from harness.workers import Worker, Workers
from references.model import Model, fingerprint
from references.protocol import Answer

#: so many answers are kept by each worker: several references on several seeds
KEPT = 64


class Remembering(Worker):
    """A worker that is asked only once for what a reference says to the same model and bytes."""

    def __init__(self, framework: str, device: str = "cpu") -> None:
        super().__init__(framework, device)
        self._kept: dict[tuple[str, Model, str], Future[tuple[Answer, float]]] = {}

    def submit(self, reference: str, model: Model, arrays: Mapping[str, np.ndarray]) -> Future[tuple[Answer, float]]:
        """As `Worker.submit`; a failure is not kept, an answer that is still being worked out is."""
        key = reference, model, fingerprint(arrays)
        kept = self._kept.pop(key, None)
        if kept is None or kept.cancelled() or (kept.done() and kept.exception() is not None):
            kept = super().submit(reference, model, arrays)
        self._kept[key] = kept  # last in line to be forgotten
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return kept


class Kept(Workers):
    """Such workers, one for each of the frameworks. One whose process came to an end is started anew."""

    def __init__(self, frameworks: set[str], device: str = "cpu") -> None:
        super().__init__(frameworks, device, Remembering)

    def __getitem__(self, framework: str) -> Worker:
        worker = self._workers.get(framework)
        if worker is not None and worker.ended:
            self._workers.pop(framework).close()
        return super().__getitem__(framework)
