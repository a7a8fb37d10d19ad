"""The worker process of a training's peer: the reference's gradients of every update, in memory that is shared.

Started as a script under ``python -P``, as `harness.worker` is. Requests and replies are frames over the original
standard input and output; a request names the records of one block, and the answers are written into them.
"""

import gc
import mmap
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

gc.disable()  # while loading, when nothing becomes garbage
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main() -> None:
    """Answer block after block, until the input ends. A number that was answered is not answered again."""
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the training's to handle
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    from harness.frames import read, write
    from harness.training.peer_serving import Serving
    from references.protocol import Unavailable

    def failed(error: Exception) -> None:
        if isinstance(error, Unavailable):
            write(sink, {"unavailable": str(error)}, {})
        else:
            write(sink, {"error": " ".join(f"{type(error).__name__}: {error}".split())}, {})

    hello = read(source)
    if hello is None:
        return
    about, params = hello
    started = time.perf_counter()
    try:
        serving = Serving(about, params)
    except Exception as error:
        failed(error)
        return
    gc.freeze()
    gc.enable()
    write(sink, {"loading": time.perf_counter() - started}, {})
    memory: mmap.mmap | None = None
    path, last = "", -1
    while (request := read(source)) is not None:
        asked: dict[str, Any] = request[0]
        if asked["number"] <= last:
            continue
        last = asked["number"]
        try:
            if asked["path"] != path or memory is None:
                path = asked["path"]
                with open(path, "r+b") as file:
                    memory = mmap.mmap(file.fileno(), 0)
            reply = serving.answer(memoryview(memory), asked["start"], asked["records"])
        except Exception as error:
            failed(error)
            return
        write(sink, reply | {"number": last}, {})


if __name__ == "__main__":
    main()
