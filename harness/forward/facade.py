"""A module that shows another one's contents, some of them replaced."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any


class Facade(ModuleType):
    """``module`` with replacements. What it loads lazily is asked for when it is needed."""

    def __init__(self, module: ModuleType, replaced: Mapping[str, Any]) -> None:
        super().__init__(module.__name__, module.__doc__)
        self.__dict__.update(module.__dict__)
        self.__dict__.update(replaced)
        self.__dict__["_behind"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)
