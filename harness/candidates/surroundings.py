"""What a candidate may change in its process beside its own state: remembered, and put back.

A candidate's own settings hold for its calls: what its file sets when it is imported (an extended search path, another
folder, NumPy's error state) is there in every call, and what a call sets is gone in the next. Our code runs in ours.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import warnings
from typing import Any, NamedTuple, cast

import numpy as np

_SIGNALS = [
    number
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGCHLD", "SIGUSR2")
    if (number := getattr(signal, name, None)) is not None
]


class Surroundings(NamedTuple):
    """The settings of this process at one moment."""

    folder: str | None
    environment: dict[str, str]
    search: list[str]
    errors: dict[str, Any]  #: what NumPy does about division by zero and the like
    warn: list[Any]
    recursion: int
    handlers: list[Any]
    streams: tuple[Any, Any, Any]

    @staticmethod
    def now() -> Surroundings:
        """As they are."""
        return Surroundings(
            _folder(),
            dict(os.environ),
            list(sys.path),
            dict(np.geterr()),
            list(warnings.filters),
            sys.getrecursionlimit(),
            [signal.getsignal(number) for number in _SIGNALS],
            (sys.stdin, sys.stdout, sys.stderr),
        )

    def restore(self) -> None:
        """As they were; only what differs is touched."""
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip(_SIGNALS, self.handlers, strict=True):
            if signal.getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)
        if self.folder is not None and _folder() != self.folder:
            with contextlib.suppress(OSError):  # it may be gone
                os.chdir(self.folder)
        if dict(os.environ) != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)
        if sys.path != self.search:
            sys.path[:] = self.search
        if np.geterr() != self.errors:
            np.seterr(**self.errors)
        if list(warnings.filters) != self.warn:
            warnings.resetwarnings()
            cast(list[Any], warnings.filters)[:] = self.warn
        if sys.getrecursionlimit() != self.recursion:
            with contextlib.suppress(RecursionError):
                sys.setrecursionlimit(self.recursion)
        sys.stdin, sys.stdout, sys.stderr = self.streams


def reseed(seed: int) -> None:
    """Start the global generators afresh, so that a candidate that draws from them unseeded is seen to."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  it is the global one that candidates draw from


class Voice:
    """Standard input, output and error of the candidate: nothing to read, and one pipe to print to."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self._kind = os.fstat(pipe)

    @property
    def streams(self) -> tuple[Any, Any, Any]:
        """Python's three streams as they are."""
        return sys.stdin, sys.stdout, sys.stderr

    def install(self) -> None:
        """Put descriptors 0, 1 and 2 in place, and Python's streams on them."""
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        if nothing:
            os.close(nothing)
        for number in (1, 2):
            os.dup2(self.pipe, number)
        sys.stdin, sys.stdout, sys.stderr = open(0, closefd=False), _stream(1), _stream(2)  # noqa: SIM115  for good

    def mend(self) -> bool:
        """Send what was printed, and repair what the candidate closed or redirected; whether there was such."""
        for stream in self.streams[1:]:
            with contextlib.suppress(Exception):
                stream.flush()
        if _is_open(0) and all(map(self._ours, (1, 2))) and not any(stream.closed for stream in self.streams):
            return False
        self.install()
        return True

    def _ours(self, number: int) -> bool:
        try:
            there = os.fstat(number)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (self._kind.st_dev, self._kind.st_ino)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _stream(number: int) -> Any:
    """Unbuffered by lines: what was printed before a crash is seen."""
    return open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
