"""How an update lies in the memory that a training shares with its peer: both sides compute the same places.

A record is one update: the case's arrays, the hand's gradients and room for the reference's, all of one side in one
vector, and the distance of the free trajectory. Every part begins at a multiple of 64 bytes, which is what JAX reads
without a copy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from references.equations import losses
from references.model import Model

ALIGNMENT = 64


class Asked(NamedTuple):
    """What a peer is told of an update."""

    update: int
    T: int
    B: int
    read_back: bool  #: whether the bytes that it received are to be read back
    noisy: bool  #: whether the gradient of moved inputs is wanted too, and what it allows


@dataclass(frozen=True)
class Record:
    """One update, as views of shared memory."""

    arrays: dict[str, np.ndarray]  #: of the case, canonical and complete
    hand: np.ndarray  #: (P,) the hand's gradients of the graded parameters
    reference: np.ndarray  #: (P,) the reference's, at the same weights
    close: np.ndarray  #: () whether they are within what one noisy sample allows: 1 or 0; NaN where not asked for
    distance: np.ndarray  #: () of the free trajectory from the hand's; NaN where it was not taken


@dataclass(frozen=True)
class Layout:
    """The places of all parts of a record, for a model of sizes D, H and K; ``names`` are graded, in this order."""

    model: Model
    sizes: Mapping[str, int]
    names: tuple[str, ...]
    _parts: dict[tuple[int, int], tuple[dict[str, tuple[int, tuple[int, ...]]], int]] = field(default_factory=dict)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the graded parameters."""
        shapes = self.model.shapes({**self.sizes, "T": 1, "B": 1})
        return {name: shapes[name] for name in self.names}

    def bytes(self, T: int, B: int) -> int:
        """How much one update takes."""
        return self._places(T, B)[1]

    def record(self, memory: memoryview, start: int, T: int, B: int) -> Record:
        """The one that begins at byte ``start``."""
        places = self._places(T, B)[0]
        whole = self.model.loss in losses.ON_INDICES

        def view(name: str) -> np.ndarray:
            offset, shape = places[name]
            dtype = np.dtype(np.int64 if whole and name == "y" else np.float64)
            return np.ndarray(shape, dtype, memory, start + offset)

        hand, reference, close, distance = (view(name) for name in _RESULTS)
        return Record({name: view(name) for name in places if name not in _RESULTS}, hand, reference, close, distance)

    def _places(self, T: int, B: int) -> tuple[dict[str, tuple[int, tuple[int, ...]]], int]:
        """By name: offset in bytes, and shape; and where the next record may begin."""
        if (T, B) not in self._parts:
            every = self.model.shapes({**self.sizes, "T": T, "B": B})
            shapes = {name: shape for name, shape in every.items() if name not in self.model.optional}
            graded = sum(math.prod(every[name]) for name in self.names)
            places, first = {}, 0
            for name, shape in (
                shapes | dict.fromkeys(_RESULTS[:2], (graded,)) | dict.fromkeys(_RESULTS[2:], ())
            ).items():
                places[name] = first, shape
                first += -(-8 * math.prod(shape) // ALIGNMENT) * ALIGNMENT
            self._parts[T, B] = places, first
        return self._parts[T, B]


#: parts that are no arrays of the case; no array has such a name
_RESULTS = ("gradients/hand", "gradients/reference", "close", "distance")


def flattened(grads: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]], out: np.ndarray) -> None:
    """Write gradients one behind the other; NaN for one that is missing or of another shape."""
    first = 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        grad = grads.get(name)
        out[first : first + size] = np.nan if grad is None or grad.shape != shape else grad.reshape(-1)
        first += size
