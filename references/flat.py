"""Arrays that lie one behind the other in a vector."""

from __future__ import annotations

import math
from collections.abc import Mapping

from references.ops import Array


def apart(flat: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """The arrays by name: views, where it is NumPy's."""
    found, first = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        found[name] = flat[first : first + size].reshape(shape)
        first += size
    return found
