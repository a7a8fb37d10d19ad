"""A peer in this process: a reference that needs none of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.training.peer import Block, PeerFailed, PeerUnavailable
from harness.training.peer_serving import Serving
from harness.training.records import Asked, Layout, Record
from references import protocol


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """Whatever a reference raises is its failure, as in a process of its own."""
    try:
        yield
    except protocol.Unavailable as error:
        raise PeerUnavailable(str(error)) from None
    except Exception as error:
        raise PeerFailed(" ".join(f"{type(error).__name__}: {error}".split())) from None


class Here:
    """A reference without a process of its own: every update is answered when it is put."""

    compiling = 0.0

    def __init__(self, layout: Layout, about: Mapping[str, Any], params: Mapping[str, np.ndarray]) -> None:
        with _failing():
            self._layout, self._serving = layout, Serving(about, params)
        self._record: Record | None = None
        self._done: Block | None = None

    def room(self, T: int, B: int) -> Record | None:
        """Always, but while an update has not been looked at."""
        if self._done is not None:
            return None
        self._record = self._layout.record(memoryview(bytearray(self._layout.bytes(T, B))), 0, T, B)
        return self._record

    def put(self, asked: Asked) -> None:
        """Answered at once."""
        assert self._record is not None
        with _failing():
            self._serving.fill([(asked, self._record)])
        self._done = Block(asked.update, 0, [asked], [self._record])

    @property
    def busy(self) -> bool:
        """Whether an update has not been looked at."""
        return self._done is not None

    def flush(self) -> None:
        """Nothing is ever held back."""

    def finished(self, wait: bool) -> tuple[Block, Mapping[str, str]] | None:
        """The last update."""
        return None if self._done is None else (self._done, {})

    def release(self) -> None:
        """Forget it."""
        self._done = None

    def close(self) -> None:
        """There is nothing to end."""
