"""The worker process: runs references of one framework, case after case, until its input ends.

Started as a script under ``python -P``, so that nothing in the user's folder can shadow a module. Frames go over the
original standard input and output, see `harness.frames`; what a framework prints goes to standard error.
"""

import gc
import os
import sys
import time
from pathlib import Path

gc.disable()  # while loading, when nothing becomes garbage: a tenth of the time that torch and JAX take
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main(framework: str) -> None:
    """Serve requests, having imported the framework while the first case is still being made."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    from importlib import import_module

    from harness.frames import read, write
    from references.model import Model
    from references.protocol import Unavailable, available

    try:
        import_module(framework)
        failure = ""
    except Exception as error:
        failure = f"{framework} cannot be imported: {type(error).__name__}: {error}"
    gc.freeze()
    gc.enable()
    while (request := read(source)) is not None:
        about, arrays = request
        started = time.perf_counter()
        try:
            if failure:
                raise RuntimeError(failure)
            reference = available()[about["reference"]]
            answer = reference.gradients(Model(**about["model"]), arrays, about["device"])
        except Unavailable as error:
            write(sink, {"unavailable": str(error)}, {})
            continue
        except Exception as error:
            write(sink, {"error": " ".join(f"{type(error).__name__}: {error}".split())}, {})
            continue
        about = {name: getattr(answer, name) for name in ("fingerprint", "proven", "note")}
        reply = about | {"seconds": time.perf_counter() - started}
        named = {"loss": answer.loss}
        named |= {f"grads/{name}": grad for name, grad in answer.grads.items()}
        named |= {f"trace/{name}": value for name, value in answer.trace.items()}
        named |= {f"radius/{name}": bound for name, bound in answer.radius.items()}
        write(sink, reply, named)


if __name__ == "__main__":
    main(sys.argv[1])
