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
    from harness.trained import Trained
    from harness.training.train import train

__all__ = ["BadInput", "Case", "Run", "Trained", "assert_gradients", "compare", "train"]

_HOMES = {
    "BadInput": "errors",
    "Case": "case",
    "Run": "run",
    "Trained": "trained",
    "assert_gradients": "assertion",
    "compare": "comparison",
    "train": "training.train",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"harness.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
