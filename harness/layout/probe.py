"""Asking a candidate for its loss, with some of its arrays switched off: zeros are zeros in whatever layout."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from harness.candidates import structure


class Outcome(Protocol):
    """What a candidate answers; of it, the loss alone is asked for here."""

    @property
    def loss(self) -> Any:
        """A single number."""


Evaluate = Callable[[dict[str, Any], dict[str, Any]], Outcome]

#: how many sets of random values there are: some to search with, and one that the search does not see
DRAWS = 4
SEEN = range(DRAWS - 1)


class Probe:
    """A candidate, its example, and random values in its place."""

    def __init__(self, evaluate: Evaluate, params: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        self._evaluate = evaluate
        self._params, self._data = dict(params), dict(data)
        self._known: dict[tuple[frozenset[str], int], float] = {}
        self.calls = 0
        self.refusal = ""  #: what the candidate last raised, in one line
        self.floats = frozenset(name for name, one in {**params, **data}.items() if _has_floats(one))
        rng = np.random.default_rng(0)
        self.draws = [self._drawn(rng, integers=True) for _ in range(DRAWS)]
        if not math.isfinite(self.loss(self.floats, 0)):  # integers that may not be moved: lengths, say
            self._known.clear()
            self.draws = [self._drawn(rng, integers=False) for _ in range(DRAWS)]

    def _drawn(self, rng: np.random.Generator, integers: bool) -> dict[str, Any]:
        weights = {name: _redrawn(one, rng, integers, True) for name, one in self._params.items()}
        return weights | {name: _redrawn(one, rng, integers, False) for name, one in self._data.items()}

    def loss(self, on: Iterable[str], draw: int) -> float:
        """The candidate's loss on random values, all floats but those ``on`` being zero; NaN where it refuses."""
        on = self.floats & frozenset(on)
        if (on, draw) not in self._known:
            values = {
                name: structure.copied(one) if name in on or name not in self.floats else _zeroed(one)
                for name, one in self.draws[draw].items()
            }
            self._known[on, draw] = self.ask(values)
        return self._known[on, draw]

    def ask(self, values: Mapping[str, Any]) -> float:
        """The candidate's loss on these values of all its arrays; NaN where it refuses."""
        self.calls += 1
        try:
            answer = self._evaluate({n: values[n] for n in self._params}, {n: values[n] for n in self._data})
            return float(np.real(np.asarray(answer.loss).reshape(())))
        except Exception as error:  # whatever a candidate raises for values that it cannot take
            self.refusal = " ".join(str(error).split()) or type(error).__name__
            return math.nan

    def matters(self, name: str, on: Iterable[str]) -> bool:
        """Whether the loss depends on an array while those ``on`` are."""
        on = frozenset(on)
        return any(not _same(self.loss(on - {name}, draw), self.loss(on | {name}, draw)) for draw in SEEN)


def _same(one: float, two: float) -> bool:
    return abs(one - two) <= 1e-13 * max(abs(one), abs(two))


def _has_floats(value: Any) -> bool:
    """Whether a value holds an array of floats: numbers alone are settings, such as a rate."""
    if isinstance(value, list | tuple):
        return any(_has_floats(one) or isinstance(one, float) for one in value)
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim > 0


def _zeroed(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_zeroed(one) for one in value)
    if isinstance(value, float):
        return 0.0
    return np.zeros_like(value) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


def _redrawn(value: Any, rng: np.random.Generator, integers: bool, weight: bool) -> Any:
    """Random values in the place of a value's, of the same kind: one-hot rows stay such, integers stay among theirs."""
    if isinstance(value, list | tuple):
        numbers = [one for one in value if one is not None]
        if numbers and all(type(one) is int for one in numbers):
            return type(value)(int(rng.choice(numbers)) if integers and one is not None else one for one in value)
        return type(value)(
            float(rng.normal()) if type(one) is float else _redrawn(one, rng, integers, weight) for one in value
        )
    if not isinstance(value, np.ndarray) or not value.ndim or not value.size:
        return value
    if value.dtype.kind in "iu":
        return rng.choice(np.unique(value), value.shape).astype(value.dtype) if integers else value.copy()
    if value.dtype.kind != "f":
        return value.copy()
    if not weight and set(np.unique(value)) == {0, 1}:
        for axis, length in enumerate(value.shape):
            value = value.take(rng.permutation(length), axis)
        return value
    scale = 0.5 / max(1, min(value.shape) / 4) ** 0.5 if weight else 0.7
    return np.asarray(rng.normal(0, scale, value.shape)).astype(value.dtype)
