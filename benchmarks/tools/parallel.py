"""Work spread over processes of one thread each, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

#: Seconds that one task may take.
LIMIT = 600.0
#: tasks, how many they are, and what they are → the same, shown passing by
Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


def spread(
    work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], jobs: int | None, progress: Progress, words: str
) -> list[Any]:
    """``work`` done on every task; the results in the tasks' order."""
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", n_jobs=jobs or -1, inner_max_num_threads=1):
        results = Parallel(return_as="generator", timeout=LIMIT)(delayed(work)(*task) for task in tasks)
        return list(progress(results, len(tasks), words))
