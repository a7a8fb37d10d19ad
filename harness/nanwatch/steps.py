"""Where the loops of a candidate stand, and which time step that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.nanwatch.places import Loop

#: what people call the number of a step
_TIME = ("t", "time", "step", "timestep", "time_step", "tt")


@dataclass
class _Active:
    """A loop at work."""

    loop: int
    k: int = -1  #: how often it went round before
    item: Any = None  #: what its variables hold


class Steps:
    """Of one run; ``loops`` are the loops of the source."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._loops = loops
        self._active: list[_Active] = []
        self._length: int | None = None  #: of the last loop that came to its end, and stood in no other

    def looped(self, number: int, iterable: Any) -> Iterator[Any]:
        """The same items; where the loop stands is known while it is at one."""
        entry = _Active(number)
        for k, item in enumerate(iterable):
            if k == 0:
                self._active.append(entry)
            entry.k, entry.item = k, item
            try:
                yield item
            except GeneratorExit:
                self._leave(entry)
                raise
        self._leave(entry)
        if not self._active and not isinstance(entry.item, str):
            self._length = entry.k + 1

    def _leave(self, entry: _Active) -> None:
        self._active[:] = [one for one in self._active if one is not entry]

    def names(self) -> tuple[tuple[str, str], ...]:
        """Loops through names: over gates, or over layers."""
        around = [(self._loops[one.loop].names, one.item) for one in self._active]
        return tuple((names[0], item) for names, item in around if len(names) == 1 and isinstance(item, str))

    def step(self) -> int | None:
        """The time step at which the loops stand, as far as they tell."""
        outer: int | None = None
        for one in self._active:
            loop, k, item = self._loops[one.loop], one.k, one.item
            items = item if isinstance(item, tuple) and len(item) == len(loop.names) else (item,)
            for name, value in zip(loop.names, items, strict=False):
                if name in _TIME and isinstance(value, int | np.integer):
                    return int(value)
            if outer is None and not isinstance(item, str):
                if len(loop.names) == 1 and isinstance(item, int):
                    outer = item
                elif not loop.backwards:
                    outer = k
                elif self._length is not None:
                    outer = self._length - 1 - k
        return outer
