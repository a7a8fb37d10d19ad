"""Hypothesis as a searcher for the simplest thing that shows a fault.

What is searched is put together from picks out of short lists, the simplest option first in each: Hypothesis makes
every pick as simple as it can. Which of all that show the fault is simplest is the caller's to keep: it sees each.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import util
from random import Random
from time import perf_counter
from typing import Any, TypeVar

from harness.errors import BadInput

_T = TypeVar("_T")
#: options → one of them; the first is the simplest
Pick = Callable[[Sequence[Any]], Any]


class _Enough(BaseException):
    """Time is up. No Exception, which Hypothesis would take for a failing test."""


def missing() -> str:
    """What must be installed before anything can be shrunk; empty where nothing is."""
    if util.find_spec("hypothesis") is not None:
        return ""
    return "no smallest counterexample: hypothesis not installed: pip install 'handgrad[diagnose]'"


def search(made: Callable[[Pick], _T], shows: Callable[[_T], bool], until: float, most: int = 400) -> None:
    """Make things and see whether they show the fault, simpler and simpler ones once one does.

    It ends when nothing simpler is found, after ``most`` things none of which does, or at ``until`` by
    `time.perf_counter`. Two searches for the same try the same things. Raises BadInput without Hypothesis.
    """
    if reason := missing():
        raise BadInput(reason)
    from hypothesis import Phase, find, settings
    from hypothesis import strategies as st
    from hypothesis.errors import HypothesisException

    index = cache(lambda count: st.integers(0, count - 1))

    @st.composite
    def drawn(draw: Any) -> _T:
        return made(lambda options: options[draw(index(len(options)))] if len(options) > 1 else options[0])

    def tried(thing: _T) -> bool:
        if perf_counter() > until:
            raise _Enough
        return shows(thing)

    chosen = settings(max_examples=most, database=None, deadline=None, phases=(Phase.generate, Phase.shrink))
    with _no_files(), suppress(HypothesisException, _Enough):  # none found, or a candidate that is no function
        find(drawn(), tried, settings=chosen, random=Random(20120229))


@contextmanager
def _no_files() -> Iterator[None]:
    """Hypothesis keeps what it learns of the source that it finds loaded in the current folder: not in the user's."""
    from hypothesis import configuration

    home = configuration.storage_directory(intent_to_write=False).home_directory
    with tempfile.TemporaryDirectory() as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(home)
