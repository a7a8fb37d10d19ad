"""Run a program under limits: ``python limited.py GIB SECONDS PROGRAM ARGUMENTS …``, which becomes that program.

A process of its own sets them, as nothing but a start is safe between fork and exec in a process that has threads.
"""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

if __name__ == "__main__":
    spec = spec_from_file_location("limits", Path(__file__).with_name("limits.py"))
    assert spec is not None and spec.loader is not None
    limits = module_from_spec(spec)
    spec.loader.exec_module(limits)
    limits.set_memory(float(sys.argv[1]))
    limits.set_seconds(float(sys.argv[2]))
    try:
        os.execv(sys.argv[3], sys.argv[3:])
    except OSError as error:
        print(f"cannot be run: {error.strerror}", file=sys.stderr)
        os._exit(126)
