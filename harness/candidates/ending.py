"""The end of a process that was started in a session of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess


def end_with_children(process: subprocess.Popen[bytes]) -> None:
    """End a process and all its children, whatever they are doing."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
