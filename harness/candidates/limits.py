"""What a candidate's process may use. Unix only: elsewhere there is no limit but the time."""

from __future__ import annotations

import os


def set_memory(gib: float) -> None:
    """Limit this process's data, and let it leave no core file.

    Data, not address space: torch and JAX reserve far more addresses than they ever use (1.4 GiB for a JAX gradient
    that holds 0.2 GiB), CUDA hundreds of GiB. Linux counts private writable memory as data, macOS next to nothing.
    """
    try:
        import resource
    except ImportError:
        return
    limit = int(gib * 2**30)
    for kind, wanted in ((resource.RLIMIT_DATA, limit), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (wanted, wanted))


def set_seconds(seconds: float) -> None:
    """Limit the processor time of this process to so many seconds from now on, on each core.

    The time limit proper is kept by the process that waits. This one is for when nobody waits any more.
    """
    try:
        import resource
    except ImportError:
        return
    spent = resource.getrusage(resource.RUSAGE_SELF)
    soon = int(spent.ru_utime + spent.ru_stime + (seconds + 1) * (os.cpu_count() or 1)) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soon if hard == resource.RLIM_INFINITY else min(soon, hard), hard))
