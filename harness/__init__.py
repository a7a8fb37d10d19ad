"""The harness: case → providers → compare → verdict.

Importing it imports neither NumPy nor a framework: the names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.assertion import assert_gradients
    from harness.case import Case
    from harness.comparison import compare
    from harness.errors import BadInput
    from harness.run import Run

__all__ = ["BadInput", "Case", "Run", "assert_gradients", "compare"]

_HOMES = {
    "BadInput": "errors",
    "Case": "case",
    "Run": "run",
    "assert_gradients": "assertion",
    "compare": "comparison",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"harness.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
