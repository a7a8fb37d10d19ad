"""Worker processes, seen from this side: one per framework, started side by side, kept for all cases of a command."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from harness import threads
from harness.frames import read, write
from references.model import Model
from references.protocol import Answer

#: Seconds that one case may take a reference, loading its framework included.
TIMEOUT = 600.0


class WorkerError(Exception):
    """The reference failed, or its process ended. The message is one line."""


class Unavailable(Exception):
    """The reference cannot run here, and that is no fault of it. The message is one line."""


class Worker:
    """One process; requests are answered one after the other."""

    def __init__(self, framework: str, device: str = "cpu") -> None:
        self._device = device
        self._noise = tempfile.TemporaryFile()  # closed with the worker  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), framework],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            env=os.environ | settings(framework, device),
        )
        self._queue = ThreadPoolExecutor(1, thread_name_prefix=f"worker-{framework}")

    def submit(self, reference: str, model: Model, arrays: Mapping[str, np.ndarray]) -> Future[tuple[Answer, float]]:
        """The reference's answer and the seconds it took, later. The future raises WorkerError where it fails."""
        about = {"reference": reference, "model": model.to_dict(), "device": self._device}
        return self._queue.submit(self._ask, about, arrays)

    def _ask(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> tuple[Answer, float]:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        watchdog = threading.Timer(TIMEOUT, give_up)
        watchdog.start()
        try:
            assert self._process.stdin is not None and self._process.stdout is not None
            write(self._process.stdin, about, arrays)
            reply = read(self._process.stdout)
        except (BrokenPipeError, ConnectionResetError):
            reply = None
        finally:
            watchdog.cancel()
        if late.is_set():
            raise WorkerError(f"it gave no answer within {TIMEOUT:g} s")
        if reply is None:
            raise WorkerError(f"its process ended{last_words(self._process, self._noise)}")
        details, named = reply
        if "unavailable" in details:
            raise Unavailable(details["unavailable"])
        if "error" in details:
            raise WorkerError(details["error"])

        def under(prefix: str) -> dict[str, np.ndarray]:
            return {name.removeprefix(prefix): array for name, array in named.items() if name.startswith(prefix)}

        about = {name: details[name] for name in ("fingerprint", "proven", "note")}
        answer = Answer(named["loss"], under("grads/"), under("trace/"), radius=under("radius/"), **about)
        return answer, details["seconds"]

    @property
    def ended(self) -> bool:
        """Whether its process is no more."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._queue.shutdown(wait=True, cancel_futures=True)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._noise):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # a request that was still in the buffer
                    stream.close()


def last_words(process: subprocess.Popen[bytes], noise: IO[bytes]) -> str:
    """How a process ended, and the last line of what it wrote to ``noise``."""
    code = process.wait()
    noise.seek(0)
    lines = noise.read().decode(errors="replace").strip().splitlines()
    how = f" by signal {-code}" if code < 0 else f" with exit code {code}"
    return how + (f": {lines[-1]}" if lines else "")


class Workers:
    """A worker for each of the frameworks, as a context manager that ends them. Others start when they are needed."""

    def __init__(
        self, frameworks: Iterable[str], device: str = "cpu", start: Callable[[str, str], Worker] = Worker
    ) -> None:
        self._device, self._start = device, start
        self._workers = {framework: start(framework, device) for framework in frameworks}

    def __getitem__(self, framework: str) -> Worker:
        if framework not in self._workers:
            self._workers[framework] = self._start(framework, self._device)
        return self._workers[framework]

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers.values():
            worker.close()


def settings(framework: str, device: str) -> dict[str, str]:
    """Environment of the worker alone: nothing of this process changes.

    One thread each, as the frameworks share the cores with each other and with NumPy. JAX keeps what it compiles,
    however short that took: a third of a second for ours, below the threshold it has by itself.
    """
    one = dict.fromkeys(threads.SETTINGS, "1")
    if framework != "jax":
        return one
    from platformdirs import user_cache_dir

    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    own = {
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip(),
        "JAX_COMPILATION_CACHE_DIR": os.environ.get("JAX_COMPILATION_CACHE_DIR")
        or os.path.join(user_cache_dir("handgrad", appauthor=False), "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    return one | own | ({"JAX_PLATFORMS": "cpu"} if device == "cpu" else {})
