"""A candidate of two files, saved in the ways in which editors save, and the command that watches it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

#: half the squared distance of a small rnn's hidden states from targets; `slope.py` beside it has the derivative
CANDIDATE = """
import numpy as np
from slope import slope

layout = {"W": "a, x", "U": "a, h", "b": "a", "x": "t b x", "y": "y: t b h", "h0": "b h"}
model = {"cell": "rnn", "loss": "half-squared-error"}


def loss_and_grads(params, data):
    W, U, b, x, y = params["W"], params["U"], params["b"], data["x"], data["y"]
    h = [data["h0"]]
    for t in range(len(x)):
        h.append(np.tanh(x[t] @ W.T + h[t] @ U.T + b))
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    dh = np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        da = (dh + h[t + 1] - y[t]) * slope(h[t + 1])
        grads["W"] += da.T @ x[t]
        grads["U"] += da.T @ h[t]
        grads["b"] += da.sum(axis=0)
        dh = da @ U
    return 0.5 * np.sum((np.stack(h[1:]) - y) ** 2), {**grads, "h0": dh}


def example(seed):
    rng = np.random.default_rng(seed)
    params = {"W": rng.normal(size=(4, 3)), "U": rng.normal(size=(4, 4)), "b": rng.normal(size=4)}
    data = {"x": rng.normal(size=(6, 2, 3)), "y": rng.normal(size=(6, 2, 4)), "h0": rng.normal(size=(2, 4))}
    return params, data
"""
SLOPE = "def slope(h):\n    return 1 - h * h\n"
#: a fault of one line, where grads of U are summed
RIGHT_LINE, WRONG_LINE = 'grads["U"] += da.T @ h[t]\n', 'grads["U"] += da.T @ h[t + 1]\n'
WRONG = CANDIDATE.replace(RIGHT_LINE, WRONG_LINE)
#: seconds that anything may take before a test gives up
PATIENCE = 90.0


def write(folder: Path, text: str = CANDIDATE, slope: str = SLOPE) -> Path:
    """Both files."""
    (folder / "slope.py").write_text(slope)
    (folder / "my.py").write_text(text)
    return folder / "my.py"


class Watched:
    """The command, and what it prints line by line."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # closed with it  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness", "watch", "my.py", "--references", "extended", *options],
            stdout=subprocess.PIPE, stderr=self._errors, text=True, encoding="utf-8", cwd=folder,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def until(self, words: str) -> list[str]:
        """The lines from the last one asked for on, up to one that has ``words`` in it."""
        seen: list[str] = []
        until = time.monotonic() + PATIENCE
        while not seen or words not in seen[-1]:
            try:
                seen.append(self._lines.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no {words!r} in:\n" + "\n".join(seen)) from None
        return seen

    def save(self, text: str = CANDIDATE, slope: str | None = None) -> None:
        """As most editors do: the file written in place."""
        if slope is not None:
            (self.folder / "slope.py").write_text(slope)
        else:
            (self.folder / "my.py").write_text(text)

    def appears(self, name: str) -> None:
        """Wait for a file in the folder."""
        until = time.monotonic() + PATIENCE
        while not (self.folder / name).exists():
            assert time.monotonic() < until, f"no {name}"
            time.sleep(0.02)

    def family(self) -> set[int]:
        """The command's process and all its descendants."""
        found, new = set(), {self._process.pid}
        while new:
            found |= new
            new = {child for pid in new for child in _children(pid)} - found
        return found

    def started(self, count: int) -> set[int]:
        """As `family`, as soon as it has ``count`` members."""
        until = time.monotonic() + PATIENCE
        while len(found := self.family()) < count:
            assert time.monotonic() < until, f"got {len(found)} processes, needs {count}"
            time.sleep(0.02)
        return found

    def interrupt(self) -> int:
        """As Ctrl-C does; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """As nothing can be done about it."""
        self._process.kill()
        self._process.wait()

    @property
    def errors(self) -> str:
        """Standard error so far."""
        self._errors.seek(0)
        return self._errors.read()

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *problem: object) -> None:
        self.kill()
        self._reader.join(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def alive(pid: int) -> bool:
    """Whether there is such a process, and not only the memory of one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def all_end(pids: set[int]) -> bool:
    """Whether they all come to an end."""
    until = time.monotonic() + PATIENCE
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
