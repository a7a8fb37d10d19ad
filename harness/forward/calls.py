"""One call of the candidate after the other: on fresh copies, from the same random state, its prints kept back."""

from __future__ import annotations

import io
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from time import perf_counter
from typing import Any

import numpy as np

from harness.candidates.structure import as_array, copied, like


class Calls:
    """Calls of loss functions at ``params`` and ``data``, in which any entry may be given another value."""

    def __init__(self, params: Mapping[str, Any], data: Mapping[str, Any], tick: Callable[[], None]) -> None:
        self.params, self.data = params, data
        self._quickest = np.inf
        self._tick = tick
        self._state = np.random.get_state(), random.getstate()  # what candidates draw from  # noqa: NPY002

    def __call__(self, function: Callable[[Any, Any], Any], moved: Mapping[str, np.ndarray]) -> Any:
        """The function's loss, a number; ``moved`` replaces entries by their names, the others are copied."""
        self._tick()
        self._reset()
        before = perf_counter()
        loss = function(
            *(
                {key: like(one, moved[key]) if key in moved else copied(one) for key, one in given.items()}
                for given in (self.params, self.data)
            )
        )
        self._quickest = min(self._quickest, perf_counter() - before)
        return scalar(loss)

    def turned(self, into: Callable[[Any], Any]) -> Calls:
        """The same at these values turned ``into`` others: from the same random state too."""
        other = Calls(into(self.params), into(self.data), self._tick)
        other._state = self._state
        return other

    @property
    def each(self) -> float:
        """Seconds that one call takes: the quickest, as those with their roundings drawn take several times as long."""
        return self._quickest if self._quickest < np.inf else 0.0

    def array(self, name: str) -> np.ndarray:
        """The floats of the entry of that name, in whichever of the two it is. Raises ValueError where it has none."""
        found = as_array(self.params[name] if name in self.params else self.data.get(name))
        if found is None:
            raise ValueError(f"{name}: got no array of floats, allowed: {', '.join([*self.params, *self.data])}")
        return found

    def _reset(self) -> None:
        np.random.set_state(self._state[0])  # noqa: NPY002
        random.setstate(self._state[1])

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """All calls are made in here: nothing is printed, no warning given, no random state left."""
        try:
            with np.errstate(all="ignore"), redirect_stdout(_Nowhere()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            self._reset()


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


def scalar(value: Any) -> Any:
    """A loss as a number. Raises ValueError where it is none: several numbers, text, None."""
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "fciub" or array.size != 1:
        got = f"an array of shape {array.shape}" if array.dtype.kind in "fciub" else f"a {type(value).__name__}"
        raise ValueError(f"loss: got {got}, allowed: one number; return the sum or the mean that the gradients are of")
    return array.reshape(())[()]
