"""One file per cell; a cell exists by its file being here.

A cell's module has GATES, STATES (the hidden state ``h`` first), ACTIVATIONS (the default first), ``forward`` and
``backward``.
"""

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType


def names() -> tuple[str, ...]:
    """The cells there are, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


@cache
def get(name: str) -> ModuleType:
    """The cell's module. Raises ValueError for a name that is none."""
    if name not in names():
        raise ValueError(f"cell: got {name!r}, allowed: {', '.join(names())}")
    return import_module(f"{__name__}.{name}")
