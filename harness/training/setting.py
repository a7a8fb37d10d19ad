"""What a task sets up: a model, its initial weights, its data by update, and how it descends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from handgrad import Gradients
from harness.trained import Figure, Series
from harness.training.descent import Clip, unclipped
from references.model import Model

Arrays = Mapping[str, np.ndarray]


class Hand(Protocol):
    """A backward pass that a training descends by."""

    @property
    def name(self) -> str:
        """What reports call it, with its version where it is our own."""

    def __call__(self, arrays: dict[str, np.ndarray]) -> Gradients:
        """Loss, gradients of what the setting's parameters are, and a trace with the states and the readout ``z``.

        All in canonical names. The arrays of the result are valid until the next call, and the caller may change them.
        """


class Meter(Protocol):
    """What a task measures while it trains, in its own published terms."""

    def note(self, update: int, answer: Gradients, data: Arrays) -> None:
        """Take in one update, before its step is made."""

    def series(self) -> list[Series]:
        """The curves so far; the first is the one that was published."""

    def figures(self) -> list[Figure]:
        """Published figures beside those so far; none for updates that were not reached."""

    def told(self) -> list[tuple[str, str]]:
        """What else is to be said, as a label and a text."""


@dataclass(frozen=True, eq=False)
class Stream:
    """A text that is read window by window, and from its start again when no whole window is left."""

    codes: np.ndarray  #: (length,) the text as indices in its alphabet
    steps: int  #: of a window

    def start(self, update: int) -> int:
        """Where the window of an update begins."""
        return update % ((len(self.codes) - 1) // self.steps) * self.steps

    def window(self, update: int) -> np.ndarray:
        """(steps + 1,): the inputs, and one more: the targets are those after each."""
        start = self.start(update)
        return self.codes[start : start + self.steps + 1]


@dataclass(frozen=True)
class Setting:
    """One training to be done."""

    title: str  #: of the variant: "identity, as published"
    data: str  #: in words: "names of dinos.txt: 1536, 27 symbols"
    model: Model
    params: Mapping[str, np.ndarray]  #: the initial weights, canonical; a bias that the model lacks is left out
    rate: float
    updates: int  #: as published
    batch: Callable[[int], dict[str, np.ndarray]]  #: update → x (T, B, D) and y; shared arrays that nobody changes
    meter: Callable[[], Meter]
    clip: Clip = unclipped
    carried: tuple[str, ...] = ()  #: the states that are handed from one update to the next; others start at zero
    alphabet: Sequence[str] = field(default=())  #: of a character model: a symbol per index
    stop: int | None = None  #: the index that ends a sample
    stream: Stream | None = None  #: where the data are windows of one text
