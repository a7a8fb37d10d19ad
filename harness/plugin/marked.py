"""Tests marked ``gradients``: a comparison before the test's own body."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from harness import baseline
from harness.comparison import compare
from harness.errors import BadInput
from harness.failure import failure
from harness.plugin.comparing import Comparing
from harness.run import Run

#: arguments that are paths, relative to the test's file; a candidate may also be a command, or a function
PATHS = ("candidate", "gradients", "text", "case", "save_case", "write_test")
#: arguments that a mark has no use for
NOT_HERE = ("progress", "working", "warm")
_NAME = pytest.StashKey[str]()
_RUN = pytest.StashKey[Run]()


def arguments(node: pytest.Item) -> dict[str, Any]:
    """What a test's marks say: the arguments of one comparison.

    Marks of a class or a module are defaults for its tests. Raises BadInput for two marks of one test or class, for an
    argument without a name, and for one that `harness.compare` does not have.
    """
    allowed = [name for name in inspect.signature(compare).parameters if name not in NOT_HERE]
    given: dict[str, Any] = {}
    seen: list[pytest.Item] = []
    for owner, mark in node.iter_markers_with_node("gradients"):  # the test's own first
        if owner in seen:
            told = "got two marks in one place, allowed: one, as each test is one comparison"
            raise BadInput(f"gradients: {told}; parametrize, or write a test for each")
        seen.append(owner)  # type: ignore[arg-type]
        if mark.args:
            raise BadInput(f"gradients: got {mark.args[0]!r} without a name, needs NAME=…, as in candidate=…")
        for name, value in mark.kwargs.items():
            if name not in allowed:
                raise BadInput(f"gradients: got argument {name!r}, allowed: {', '.join(allowed)}")
            given.setdefault(name, _placed(name, value, node.path.parent))
    return given


def keep_name(item: pytest.Item) -> None:
    """Keep the name that an item is collected by: pytest-xdist may add a group to it."""
    item.stash[_NAME] = item.nodeid


def compared(comparing: Comparing, item: pytest.Item) -> Run:
    """The run of a test's comparison, made once. Raises BadInput for arguments that cannot be worked with."""
    if _RUN not in item.stash:
        given = arguments(item)
        name = _name(item)
        asked = {"command": f"pytest {name}", **comparing.settings.arguments(given)}
        try:
            item.stash[_RUN] = comparing.add(name, compare(**asked))
        except BadInput as error:
            raise BadInput(comparing.settings.blame(error, given)) from None
    return item.stash[_RUN]


def complaint(comparing: Comparing, item: pytest.Item) -> str:
    """Why a test fails before its body; empty where it does not."""
    run = compared(comparing, item)
    if run.verdict != "agree":
        return failure(run)
    return comparing.kept.complaint(_name(item), baseline.errors(run))


def _name(item: pytest.Item) -> str:
    """What it was collected by."""
    return item.stash.get(_NAME, item.nodeid)


def _placed(name: str, value: Any, folder: Path) -> Any:
    """A path as it is meant: relative to the test's file."""
    if name not in PATHS or not isinstance(value, str | Path) or "{case}" in str(value):
        return value
    return str(folder / value)
