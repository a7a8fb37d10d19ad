"""A command that watches, shared by the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from watched import Watched, write

_NUMBERS = count()


@pytest.fixture(scope="module")
def _watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    pytest.importorskip("watchfiles")
    folder = tmp_path_factory.mktemp("watched")
    write(folder)
    with Watched(folder, "--timeout", "300") as command:
        command.until("agree, the last word")
        yield command


@pytest.fixture
def watched(_watched: Watched) -> Iterator[Watched]:
    """A command that has judged the right candidate, and is left so."""
    yield _watched
    write(_watched.folder)
    last = f"restored_{next(_NUMBERS)}.py"  # the name by which its round is known from any that came before
    (_watched.folder / last).touch()
    _watched.until(f"{last} new")
    _watched.until("agree, the last word")
