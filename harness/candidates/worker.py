"""The worker process of one candidate: loads its file and serves requests until its input ends.

Started as a script under ``python -P``. Everything of ours is imported before the candidate's folder comes onto the
search path, so that nothing in that folder can shadow a module of ours. Frames go over the original standard input and
output, see `harness.frames`, from which the candidate's own are cut off.
"""

import faulthandler
import os
import select
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
#: seconds between two signs of life
_RARELY = 0.1


def main(file: str, function: str, timeout: float, memory: float) -> None:
    """Serve requests. The first frame out says that we are ready, before anything of the candidate's runs."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")

    from harness.candidates import failure, limits
    from harness.candidates.answering import answered
    from harness.candidates.served import Served
    from harness.candidates.surroundings import Voice
    from harness.candidates.target import Target
    from harness.errors import BadInput
    from harness.frames import read, write

    voice = Voice(os.dup(2))
    voice.install()
    faulthandler.enable(voice.pipe, all_threads=False)
    if hasattr(faulthandler, "register"):  # how the parent asks where it hangs
        faulthandler.register(signal.SIGUSR1, voice.pipe, all_threads=False)
    sys.path.remove(_ROOT)
    sys.path.append(_ROOT)
    sys.dont_write_bytecode = True  # nothing is left in the candidate's folder
    sys.argv = [file]  # as if it were run, without arguments
    limits.set_memory(memory)
    if hasattr(select, "poll"):
        threading.Thread(target=end_with, args=(source.fileno(),), daemon=True).start()
    last, before = time.monotonic(), ""

    def alive(doing: str, share: float) -> None:
        nonlocal last, before
        now = time.monotonic()
        if doing != before or now - last > _RARELY:
            last, before = now, doing
            limits.set_seconds(timeout)
            write(sink, {"doing": doing, "share": share}, {})

    served = Served(Target(Path(file), function), memory, voice, alive)
    write(sink, {"doing": "call", "share": 0.0}, {})
    while (request := read(source)) is not None:
        last = time.monotonic()
        limits.set_seconds(timeout)
        try:
            reply, arrays = answered(served, *request)
        except BadInput as error:
            reply, arrays = {"refused": str(error)}, {}
        except failure.CandidateFailed as error:
            reply, arrays = {"failed": str(error), "frames": error.frames}, {}
        except MemoryError:
            reply, arrays = {"failed": failure.out_of_memory(memory), "frames": ()}, {}
        except Exception as error:  # a fault of ours, unless the candidate put something in the place of what we call
            theirs = failure.raised(error, Path(file), memory)
            reply = {"failed": str(theirs), "frames": theirs.frames} if theirs.frames else {}
            reply, arrays = reply or {"broken": traceback.format_exc()}, {}
        if "failed" in reply:
            served.forget()  # now that no traceback holds on to its globals
        write(sink, reply, arrays)
    os._exit(0)  # no threads that the candidate left are waited for, nothing that it registered is run


def end_with(request: int) -> None:
    """End this process and its children as soon as nobody can send requests any more, whatever they are doing."""
    ends = select.poll()
    ends.register(request, 0)  # the end of a pipe is told without being asked for
    ends.poll()
    os.killpg(os.getpid(), signal.SIGKILL)  # it leads a group of its own


if __name__ == "__main__":
    sys.path.insert(0, _ROOT)
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
