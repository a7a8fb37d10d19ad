"""A differentiated forward on its way between processes: its arrays by name, the rest as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from harness.forward.derive import Derived

_PLAIN = ("loss", "method", "share", "noise", "notes")


def pack(derived: Derived, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """What JSON holds of it; its arrays are added to ``arrays``."""
    arrays |= {f"values/{name}": value for name, value in derived.values.items()}
    arrays |= {f"radius/{name}": radius for name, radius in derived.radius.items()}
    directions = {}
    for name, along in derived.directions.items():
        arrays |= {f"along/{k}/{name}": one.vector for k, one in enumerate(along)}
        directions[name] = [(float(one.value), float(one.radius)) for one in along]
    return {name: getattr(derived, name) for name in _PLAIN} | {"directions": directions}


def unpack(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Derived:
    """What `pack` was given."""
    from harness.forward.derive import Derived, Direction

    def under(prefix: str) -> dict[str, np.ndarray]:
        return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

    directions = {
        name: tuple(Direction(arrays[f"along/{k}/{name}"], *numbers) for k, numbers in enumerate(along))
        for name, along in about["directions"].items()
    }
    plain = {name: about[name] for name in _PLAIN} | {"notes": tuple(about["notes"])}
    return Derived(values=under("values/"), radius=under("radius/"), directions=directions, **plain)
