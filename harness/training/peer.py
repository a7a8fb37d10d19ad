"""The peer of a training: a reference that answers to the hand's updates, in a process beside it or in this one.

Updates are written into blocks of memory that is shared with the process; while it works on some blocks, the training
fills another, and looks at those that came back. So a training waits for its peer only where that is the slower of the
two, and no more than `BLOCKS` blocks are ever under way. Nothing is pickled: requests are frames, arrays lie at places
that both sides compute (`harness.training.records`).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from harness import frames, workers
from harness.training.memory import Memory
from harness.training.records import Asked, Layout, Record

#: how many blocks there are, how many updates one holds, and how many bytes; more where one update needs them
BLOCKS, UPDATES, BYTES = 3, 128, 2**24
#: how often a silent process is looked at, in seconds
_LOOK = 0.2


class PeerFailed(Exception):
    """The reference failed, or its process ended. The message is one line."""


class PeerUnavailable(Exception):
    """The reference cannot run here. The message is one line."""


@dataclass
class Block:
    """Updates that are answered together."""

    number: int
    start: int  #: its first byte
    asked: list[Asked] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    bytes: int = 0
    sent: bool = False


class Peer(Protocol):
    """What a training sees of it. Every method may raise `PeerFailed` or `PeerUnavailable`."""

    compiling: float  #: seconds that the training has stood still while the reference was loaded or compiled

    def room(self, T: int, B: int) -> Record | None:
        """Where the next update is to be written; None while there is no room."""

    def put(self, asked: Asked) -> None:
        """The room that was given last has been filled."""

    @property
    def busy(self) -> bool:
        """Whether a block is under way, or has not been looked at."""

    def flush(self) -> None:
        """Send what is there, though there is room for more."""

    def finished(self, wait: bool) -> tuple[Block, Mapping[str, str]] | None:
        """The oldest block that is answered, and fingerprints of what was received; None where there is none.

        ``wait`` waits for one where any is under way. The block stays the oldest until it is released.
        """

    def release(self) -> None:
        """The oldest block has been looked at, and its memory may be used again."""

    def close(self) -> None:
        """End the process, whatever it is doing."""


class There:
    """A reference in a process of its own. Raises PeerFailed after ``patience`` seconds of waiting for one answer.

    An interrupt may strike anywhere: what is under way stays under way, and can be waited for again.
    """

    def __init__(
        self,
        layout: Layout,
        about: Mapping[str, Any],
        params: Mapping[str, np.ndarray],
        framework: str,
        patience: float = workers.TIMEOUT,
    ) -> None:
        self.compiling = 0.0
        self._layout, self._patience = layout, patience
        self._noise = tempfile.TemporaryFile()  # closed with the process  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("peer_worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            env=os.environ | workers.settings(framework, about["device"]),
            start_new_session=True,  # an interrupt at the terminal is the training's to handle
        )
        self._memory = Memory(0)
        self._size = 0  #: of a block
        self._current: Block | None = None
        self._record: Record | None = None  #: that was given last
        self._blocks: list[Block] = []  #: sent and not released, oldest first
        self._count = 0
        self._replies: dict[int, dict[str, Any]] = {}
        self._loading = 0.0
        self._trouble: PeerFailed | PeerUnavailable | None = None
        self._ended, self._news = False, threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._send(about, params)

    def room(self, T: int, B: int) -> Record | None:
        """In the current block, or in the next one, where one is free."""
        needed = self._layout.bytes(T, B)
        block = self._current
        if block is not None and block.bytes + needed > self._size:
            self.flush()
            block = None
        if block is None:
            if needed > self._size:
                if self._blocks:
                    return None
                self._size = max(BYTES, needed)
                self._memory.close()
                self._memory = Memory(BLOCKS * self._size)
            if len(self._blocks) == BLOCKS:
                return None
            block = self._current = Block(self._count, self._count % BLOCKS * self._size)
            self._count += 1
        self._record = self._layout.record(self._memory.view, block.start + block.bytes, T, B)
        return self._record

    def put(self, asked: Asked) -> None:
        """Sent when the block is full."""
        block = self._current
        assert block is not None and self._record is not None
        block.records.append(self._record)
        block.asked.append(asked)
        block.bytes += self._layout.bytes(asked.T, asked.B)
        if len(block.asked) == UPDATES:
            self.flush()

    @property
    def busy(self) -> bool:
        """Whether a block was sent and not released."""
        return bool(self._blocks)

    def flush(self) -> None:
        """Send the current block. What an interrupt makes it send again is not answered again: it has a number."""
        block = self._current
        if block is None or not block.asked:
            return
        if block not in self._blocks:
            self._blocks.append(block)
        asked = {"number": block.number, "path": self._memory.path, "start": block.start, "records": block.asked}
        self._send(asked, {})
        block.sent = True
        self._current = None

    def finished(self, wait: bool) -> tuple[Block, Mapping[str, str]] | None:
        """The oldest, where its reply is there."""
        if not self._blocks:
            return None
        block = self._blocks[0]
        if block.number not in self._replies:
            if not wait:
                return None
            if not block.sent:
                self.flush()
            self._await(block.number)
        self._memory.forget()
        return block, self._replies[block.number]["received"]

    def release(self) -> None:
        """Its memory is the next block's."""
        self._replies.pop(self._blocks.pop(0).number)

    def close(self) -> None:
        """End the process, and forget the memory."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._noise):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # a request that was still in the buffer
                    stream.close()
        self._memory.close()

    def _send(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # `_await` says how it ended
            frames.write(self._process.stdin, about, arrays)

    def _await(self, number: int) -> None:
        """Until the reply is there; what was compiled for it while this waits is no time of the training's."""
        started = time.monotonic()
        while number not in self._replies:
            if self._trouble is not None:
                raise self._trouble
            if self._ended:
                raise PeerFailed(f"its process ended{workers.last_words(self._process, self._noise)}")
            if time.monotonic() - started > self._patience:
                self._process.kill()
                self._trouble = PeerFailed(f"it gave no answer within {self._patience:g} s")
                raise self._trouble
            self._news.wait(_LOOK)
            self._news.clear()
        spent = self._replies[number]["compiling"] + self._loading
        self._loading = 0.0
        self.compiling += min(time.monotonic() - started, spent)

    def _read(self) -> None:
        """In a thread: an interrupt never strikes here, so no reply is lost."""
        assert self._process.stdout is not None
        while True:
            frame = frames.heard(self._process.stdout)
            if frame is None:
                self._ended = True
            elif "number" in frame[0]:
                self._replies[frame[0]["number"]] = frame[0]
            elif "loading" in frame[0]:
                self._loading = frame[0]["loading"]
            elif "unavailable" in frame[0]:
                self._trouble = PeerUnavailable(frame[0]["unavailable"])
            else:
                self._trouble = PeerFailed(frame[0]["error"])
            self._news.set()
            if frame is None:
                return
