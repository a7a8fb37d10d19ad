"""What a candidate prints: read as it comes, so that it never waits for a reader; only the end of it is kept."""

from __future__ import annotations

import threading
import time
from typing import IO

#: bytes of the end that are kept
KEPT = 64 * 1024


class Printed:
    """Reads a stream to its end in a thread of its own."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._tail = bytearray()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                part = self._stream.read1(1 << 16)  # type: ignore[attr-defined]
            except (OSError, ValueError):  # closed meanwhile
                return
            if not part:
                return
            with self._lock:
                self._tail += part
                del self._tail[:-KEPT]

    @property
    def text(self) -> str:
        """The end of what came so far."""
        with self._lock:
            return self._tail.decode(errors="replace")

    def wait_for(self, words: str, seconds: float) -> bool:
        """Whether ``words`` have come, at the latest after so many seconds."""
        until = time.monotonic() + seconds
        while words not in self.text:
            if time.monotonic() > until:
                return False
            time.sleep(0.002)
        return True

    def forget(self, words: str) -> None:
        """Take ``words`` out of what came."""
        with self._lock:
            self._tail = bytearray(self._tail.replace(words.encode(), b""))

    def finish(self, seconds: float) -> None:
        """Wait for the end of the stream, which a forgotten child of the candidate's may keep open."""
        self._thread.join(seconds)

    def close(self) -> None:
        """Stop reading. The stream must have ended."""
        self._thread.join(1.0)
        if not self._thread.is_alive():
            self._stream.close()
