"""Memory that another process can map too."""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import tempfile
from pathlib import Path


class Memory:
    """``size`` bytes: a file at ``path``, in memory itself where there is room for it; ``view`` is what it holds."""

    def __init__(self, size: int) -> None:
        self.path, self._named = "", size > 0
        self.view = memoryview(b"")
        if not size:
            return
        inside = Path("/dev/shm")
        roomy = inside.is_dir() and os.access(inside, os.W_OK) and shutil.disk_usage(inside).free > 2 * size
        handle, self.path = tempfile.mkstemp(prefix="handgrad-", dir=inside if roomy else None)
        with os.fdopen(handle, "r+b") as file:
            file.truncate(size)
            self.view = memoryview(mmap.mmap(file.fileno(), size))

    def forget(self) -> None:
        """Take away its name, once both processes have mapped it: then nothing is left of it, however they end."""
        if self._named:
            with contextlib.suppress(OSError):  # a system that keeps the names of open files: the next call tries again
                os.unlink(self.path)
                self._named = False

    def close(self) -> None:
        """Nobody needs it any more. Views of it stay valid as long as they are held."""
        self.forget()
        self.view = memoryview(b"")
