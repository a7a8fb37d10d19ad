"""Memory that calls of one shape use again.

Fresh memory is not free: the system hands it out page by page, at first touch. A training loop passes one `Workspace`
to every call, and touches the same pages again.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

#: name, shape, dtype → an array of any content
Empty = Callable[[str, tuple[int, ...], Any], np.ndarray]


def fresh(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """A new array: the choice where no workspace is given."""
    return np.empty(shape, dtype)


class Workspace:
    """Keeps one array per name, and hands it out again while shape and dtype stay the same.

    What a call returns from a workspace (tape, gradients) is valid until the next call with it.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def empty(self, name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """The array called ``name``, of any content."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            array = self._arrays[name] = np.empty(shape, dtype)
        return array
