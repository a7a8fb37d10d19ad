"""The worker process of one candidate: loads its file and serves requests until its input ends.

Started as a script under ``python -P``. Everything of ours is imported before the candidate's folder comes onto the
search path, so that nothing in that folder can shadow a module of ours. Frames go over the original standard input and
output, see `harness.frames`, from which the candidate's own are cut off.
"""

import faulthandler
import os
import signal
import sys
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
    limits.set_memory(memory)
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
        except Exception:  # a fault of ours
            reply, arrays = {"broken": traceback.format_exc()}, {}
        if "failed" in reply:
            served.forget()  # now that no traceback holds on to its globals
        write(sink, reply, arrays)
    os._exit(0)  # no threads that the candidate left are waited for, nothing that it registered is run


if __name__ == "__main__":
    sys.path.insert(0, _ROOT)
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
