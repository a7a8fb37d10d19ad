"""One file per task; a task exists by its file being here.

A task's module has NAME, SUMMARY (one line), ENTRY (its system in the casebook) and ``settings(options)``, which gives
the setting, or several to be trained side by side. It raises BadInput for data that cannot be trained on.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from harness.errors import BadInput
from harness.training.options import Options
from harness.training.setting import Setting


class Task(Protocol):
    """What a task's module has."""

    NAME: str
    SUMMARY: str
    ENTRY: str

    def settings(self, options: Options) -> list[Setting]:
        """What is to be trained."""


@cache
def available() -> dict[str, Task]:
    """The tasks there are, by name."""
    found = [cast(Task, import_module(f"{__name__}.{module.name}")) for module in pkgutil.iter_modules(__path__)]
    return {task.NAME: task for task in found if hasattr(task, "NAME")}


def get(name: str) -> Task:
    """One of them. Raises BadInput for a name that there is not."""
    if name not in available():
        raise BadInput(f"task: got {name!r}, allowed: {', '.join(available())}")
    return available()[name]
