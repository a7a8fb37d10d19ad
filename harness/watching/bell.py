"""What interrupts a round of judging, wherever it is: a new save, or Ctrl-C."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

#: how the main thread is told of a save
_SAVED = getattr(signal, "SIGUSR1", signal.SIGTERM)


class Interrupted(BaseException):
    """Raised in the main thread within `Bell.armed`. No Exception, so that nothing on the way takes it for its own."""


class Bell:
    """As a context manager of the main thread: its signal handlers hold until the end.

    Outside `armed` nothing is raised: what came meanwhile is raised at the next `armed`.
    """

    def __init__(self) -> None:
        self.ended = False  #: by Ctrl-C
        self._rung = threading.Event()
        self._armed = False
        self._before: dict[int, Any] = {}

    def ring(self) -> None:
        """Interrupt, from any thread; again and again does no harm, and helps where an exception was swallowed."""
        self._rung.set()
        if not self._armed:
            return
        if hasattr(signal, "pthread_kill"):  # wakes it also where it waits for a lock
            signal.pthread_kill(threading.main_thread().ident or 0, _SAVED)
        else:
            _thread.interrupt_main(_SAVED)

    @property
    def rung(self) -> bool:
        """Whether it was, since it was last silenced."""
        return self._rung.is_set()

    def silence(self) -> None:
        """What it was rung for has been seen to."""
        self._rung.clear()

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Raise Interrupted in what is done here, at once where there is reason to already."""
        with self._at(True):
            yield

    @contextmanager
    def held(self) -> Iterator[None]:
        """Not in what is done here, within `armed`; but behind it."""
        with self._at(False):
            yield
        self._look()

    @contextmanager
    def _at(self, armed: bool) -> Iterator[None]:
        before, self._armed = self._armed, armed
        try:
            self._look()
            yield
        finally:
            self._armed = before

    def _look(self) -> None:
        if self._armed and (self.ended or self.rung):
            self._armed = False  # once: what is cleaned up on the way out is left in peace
            raise Interrupted

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ended = self.ended or number == signal.SIGINT
        self._look()

    def __enter__(self) -> Bell:
        for number in (signal.SIGINT, _SAVED):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
