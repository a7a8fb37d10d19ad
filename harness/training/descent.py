"""Stochastic gradient descent as published: clipping outside the backward pass, then a step against the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handgrad import clip_elementwise, clip_norm

Grads = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Clip:
    """How gradients are held back before the step; in place."""

    elementwise: float | None = None  #: each entry within [−limit, limit]
    norm: float | None = None  #: all together scaled down to this Euclidean norm

    def __call__(self, grads: Grads) -> None:
        """Change ``grads``."""
        if self.elementwise is not None:
            clip_elementwise(grads, self.elementwise, in_place=True)
        if self.norm is not None:
            clip_norm(grads, self.norm, in_place=True)

    def __str__(self) -> str:
        parts = [] if self.elementwise is None else [f"clipped to ±{self.elementwise:g}"]
        parts += [] if self.norm is None else [f"norm at most {self.norm:g}"]
        return ", ".join(parts) or "not clipped"


unclipped = Clip()


def norm(grads: Grads) -> float:
    """√ of the sum of all squares; not finite where an entry is not, or where a square overflows."""
    return math.sqrt(sum([float(np.vdot(grad, grad)) for grad in grads.values()]))


def descend(params: Grads, grads: Grads, rate: float) -> None:
    """One step: every parameter minus ``rate`` times its gradient, in place; ``grads`` is used up."""
    for name, param in params.items():
        grad = grads[name]
        grad *= rate
        param -= grad


#: up to so many entries in all, joining the gradients costs less than a call for each of them
SMALL = 2**14


class Descent:
    """Steps of parameters against their gradients; small ones are parts of one vector, and take their step together.

    ``params`` are copies of those given, by name, and change with every step.
    """

    def __init__(self, params: Grads, rate: float, clip: Clip) -> None:
        self._rate, self._clip = rate, clip
        vector, self.params = _joined(params)
        together = vector.size <= SMALL
        #: what takes its step: all parameters as one, or each by itself
        self._moved: Grads = {"": vector} if together else self.params
        self._grads: Grads = {}
        self._vector: np.ndarray | None = None
        self._parts: Grads = {}
        if together:
            self._vector, self._parts = _joined(params)

    def take(self, grads: Grads) -> float:
        """Take in the gradients of an update, which are used up, and give their `norm`."""
        for name, part in self._parts.items():
            part[...] = grads[name]
        self._grads = grads if self._vector is None else {"": self._vector}
        return norm(self._grads)

    def step(self) -> None:
        """One step against the gradients that were taken in."""
        self._clip(self._grads)
        descend(self._moved, self._grads, self._rate)


def _joined(arrays: Grads) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """All entries in one vector, and its parts by name."""
    vector = np.concatenate([array.ravel() for array in arrays.values()])
    parts = np.split(vector, np.cumsum([array.size for array in arrays.values()])[:-1])
    return vector, {name: part.reshape(arrays[name].shape) for name, part in zip(arrays, parts, strict=True)}
