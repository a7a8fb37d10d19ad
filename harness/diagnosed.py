"""What a diagnosis says, as data: which equation is broken, at which line, what stands there instead.

A leaf beside `harness.run`: it imports nothing of ours, and reports format it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

#: ✓ holds · ✗ broken · one of several that cannot be told apart · nothing that the candidate gives shows it
Status = Literal["holds", "broken", "alternative", "untested"]
#: confirmed: the right quantity put there turns every output right; input: what it reads should be something else
Certainty = Literal["confirmed", "suspect", "input"]


@dataclass(frozen=True)
class Equation:
    """One equation of the cell, tested by itself on the candidate's own neighbouring values."""

    tag: str  #: its number in handgrad's source and docs: "4*i"
    text: str  #: "di = dc ⊙ g"
    quantity: str  #: what it computes: "di"
    status: Status
    unit: tuple[str, ...] = ()  #: the tags of all that cannot be told apart from it, itself included
    residual: float = float("nan")  #: worst |candidate's − right| ÷ largest |right|; NaN where it was not measured
    where: str = ""  #: at which steps and gates it is broken, in words


@dataclass(frozen=True)
class Fault:
    """One broken equation, or unit of equations, in plain words."""

    tags: tuple[str, ...]
    sentence: str  #: what is wrong: "dh reads da of its own step"
    instead: str = ""  #: what the candidate computes instead, and what to use
    pattern: str = ""  #: "constant ratio 2", "exactly zero", "last step only" …; empty where it is none that we know
    known: str = ""  #: the id of the planted fault that behaves the same; empty where none does


@dataclass(frozen=True)
class Place:
    """A place in the candidate's source."""

    certainty: Certainty
    file: str
    line: int
    variable: str  #: what is assigned or read there: "dh[t]"
    source: str  #: the line's text
    step: str  #: "t = 3 … 0", "every step"
    holds: str  #: what it holds, in words: "da of step 3"
    should: str  #: what it should hold: "da of step 4"


@dataclass(frozen=True)
class Map:
    """Where adjoints go wrong: a relative error per gate (row) and time step (column); NaN where nothing is known."""

    quantity: str  #: "da"
    labels: tuple[str, ...]
    error: np.ndarray  #: (labels, T)


@dataclass(frozen=True)
class Example:
    """The smallest counterexample."""

    sizes: Mapping[str, int]
    arrays: Mapping[str, np.ndarray]  #: what goes in, by the candidate's own names
    array: str  #: the gradient that shows it
    expected: np.ndarray
    obtained: np.ndarray
    between: Mapping[str, np.ndarray]  #: every intermediate, right values, in the order in which they are computed
    test: str  #: a pytest file that fails now and passes when mended; empty where none can be written


@dataclass(frozen=True)
class Diagnosis:
    """Why one judgement is ``differ``, in the order in which it is told."""

    sentence: str  #: the finding in one sentence
    places: tuple[Place, ...] = ()
    localised: bool = False  #: some place is confirmed
    equations: tuple[Equation, ...] = ()  #: all of the cell, in the order of the backward pass; forward ones first
    faults: tuple[Fault, ...] = ()
    map: Map | None = None
    example: Example | None = None
    step: str = ""  #: one proposed next step
    method: str = ""  #: "declared trace", "black box", "own forward alone" …, and how many calls it took
    calls: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())  #: what could not be seen, and what would make it seen
