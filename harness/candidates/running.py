"""One worker process of a candidate, seen from outside: requests in, answers out, and an end to it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness import frames, threads
from harness.candidates import failure
from harness.candidates.ending import end_with_children
from harness.candidates.failure import CandidateFailed
from harness.candidates.printed import Printed
from harness.candidates.target import Target
from harness.errors import BadInput

#: seconds that our own part of the start may take, and that a killed process's last words are waited for
_START, _PATIENCE = 60.0, 0.3
#: how often a silent process is looked at, as its end alone need not close the pipe: it may have children
_LOOK = 0.2


class Running:
    """Started when made. A request is answered, or the process is ended and CandidateFailed raised."""

    def __init__(self, target: Target, timeout: float, memory: float) -> None:
        self._target, self._timeout, self._memory = target, timeout, memory
        worker = Path(__file__).with_name("worker.py")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(worker), str(target.path), target.function, str(timeout), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | dict.fromkeys(threads.SETTINGS, "1"),
            start_new_session=True,  # its forked children can be ended with it, and Ctrl-C is ours to handle
        )
        assert self._process.stderr is not None
        self._printed = Printed(self._process.stderr)
        self._frames: queue.SimpleQueue[frames.Frame | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._doing = "call"
        self.ended = False
        self.text: np.ndarray | None = None  #: the text that it has, for windows of it
        self._await(max(timeout, _START), None)

    def ask(
        self,
        about: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        progress: Callable[[float], None] | None = None,
    ) -> frames.Frame:
        """The answer to a request. Raises BadInput or CandidateFailed; after the latter `ended` may be true."""
        assert self._process.stdin is not None
        self._doing = "call"
        try:
            frames.write(self._process.stdin, about, arrays)
        except (BrokenPipeError, ConnectionResetError):
            raise self._dead() from None
        while True:
            reply, received = self._await(self._timeout, progress)
            if "doing" in reply:
                continue
            if "refused" in reply:
                raise BadInput(reply["refused"])
            if "broken" in reply:
                raise RuntimeError(f"the worker of {self._target.path} failed by itself:\n{reply['broken']}")
            if "failed" in reply:
                raise CandidateFailed(reply["failed"], self.printed, reply["frames"])
            return reply["done"], received

    @property
    def printed(self) -> str:
        """The end of what the candidate printed; a mark makes sure that all of it has arrived."""
        if not self.ended:
            mark = f"\0{time.monotonic_ns()}\0"
            with contextlib.suppress(BadInput, CandidateFailed):
                self.ask({"do": "mark", "mark": mark}, {})
                self._printed.wait_for(mark, _PATIENCE)
            self._printed.forget(mark)
        return failure.without_stack(self._printed.text)

    def close(self) -> None:
        """End the process and all its children, whatever they are doing."""
        self.ended = True
        end_with_children(self._process)
        self._reader.join(_PATIENCE)
        self._printed.close()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and (stream is self._process.stdin or not self._reader.is_alive()):
                with contextlib.suppress(BrokenPipeError):  # a request that was still in the buffer
                    stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while True:
            frame = frames.heard(self._process.stdout)
            self._frames.put(frame)
            if frame is None:
                return

    def _await(self, seconds: float, progress: Callable[[float], None] | None) -> frames.Frame:
        """The next frame, within so many seconds."""
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            try:
                frame = self._frames.get(timeout=max(0.0, min(left, _LOOK)))
            except queue.Empty:
                if self._process.poll() is not None and self._frames.empty():
                    raise self._dead() from None
                if left <= 0:
                    raise self._late() from None
                continue
            if frame is None:
                raise self._dead()
            if "doing" in frame[0]:
                self._doing = frame[0]["doing"]
                if progress is not None and self._doing in ("derive", "localise"):
                    progress(frame[0]["share"])
            return frame

    def _late(self) -> CandidateFailed:
        """It takes too long: ask where it is, then end it."""
        if hasattr(signal, "SIGUSR1"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGUSR1)
            if self._printed.wait_for(failure.STACK, _PATIENCE):
                time.sleep(0.02)  # for the frames below the title
        self.close()
        where = failure.stopped_at(self._printed.text, self._target.path)
        what = "it is still being imported after" if self._doing == "import" else "it gave no answer within"
        return self._failed(f"{what} {self._timeout:g} s" + (f" ({where})" if where else ""))

    def _dead(self) -> CandidateFailed:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)  # it is on its way out
        code = self._process.poll()
        self._printed.finish(_PATIENCE)
        self.close()
        code = -9 if code is None else code  # it was just killed
        return self._failed(failure.ended(code, self._printed.text, self._target.path, self._memory))

    def _failed(self, message: str) -> CandidateFailed:
        return CandidateFailed(message, self.printed, ended=True)
