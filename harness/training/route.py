"""The way back from an author's arrays to the model's: found once, then one sum per update."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from harness.layout.layout import Layout
from references.flat import apart


class Route:
    """To some of the model's arrays, ``names``, of these ``shapes``; where the author's entries belong is the layout's.

    Canonical arrays come out in float64. What is put into two of an author's entries is added up, as a derivative is.
    """

    def __init__(self, layout: Layout, shapes: Mapping[str, tuple[int, ...]], names: Collection[str]) -> None:
        self._shapes = {name: shapes[name] for name in names}
        self._size = sum(int(np.prod(shape)) for shape in self._shapes.values())
        self._ways: dict[str, tuple[np.ndarray, np.ndarray]] = {}  #: the author's entries, and where each belongs
        self._at: dict[tuple[str, ...], np.ndarray] = {}  #: the same of several, one after the other
        numbers = {name: np.full(shape, np.nan) for name, shape in shapes.items()}
        numbers |= self._parts(np.arange(self._size, dtype=float))
        for name in layout.graded:
            places = layout.pick(name, numbers).reshape(-1)
            known = np.flatnonzero(np.isfinite(places))
            if known.size:
                self._ways[name] = known, places[known].astype(int)

    def missing(self, own: Collection[str]) -> tuple[str, ...]:
        """The model's arrays of which ``own``, names of the author's, do not hold every entry."""
        held = np.zeros(self._size)
        for name in self._ways.keys() & set(own):
            held[self._ways[name][1]] = 1
        return tuple(name for name, part in self._parts(held).items() if not part.all())

    def __call__(self, own: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The model's arrays; zero where ``own`` holds nothing."""
        names = tuple(name for name in self._ways if name in own)
        if names not in self._at:
            self._at[names] = np.concatenate([np.empty(0, int), *(self._ways[name][1] for name in names)])
        values = [np.empty(0), *(own[name].reshape(-1)[self._ways[name][0]] for name in names)]
        return self._parts(np.bincount(self._at[names], np.concatenate(values), self._size))

    def _parts(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        return apart(flat, self._shapes)
