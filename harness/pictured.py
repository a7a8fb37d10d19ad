"""What pictures are drawn from, as data: arrays entry by entry, and adjoints step by step.

A leaf, as the run is one. Everything is measured before it gets here; reports only draw it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Axis(NamedTuple):
    """What one axis of an array holds."""

    name: str  #: what a run shows of it: "A", "T", "h+x"
    kind: str  #: what one index along it is: row, column, step, batch, entry
    labels: tuple[str, ...]  #: of each index: "f 3", "12"; "f 0 … f 3" where one stands for several
    #: the gates or sources along it, each with its indices; empty where there is only one
    blocks: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Elements:
    """One graded array entry by entry; of a large one, the worst entry of each block of neighbours.

    All arrays have the shape that is shown, which is the array's own where ``block`` is 1 along every axis. What is
    told per reference begins with truth.
    """

    array: str
    shape: tuple[int, ...]  #: the array's own
    axes: tuple[Axis, ...]  #: of what is shown
    block: tuple[int, ...]  #: how many neighbours along each axis one shown entry stands for
    at: np.ndarray  #: which entry of the array, counted in C order, is shown
    candidate: np.ndarray
    budget: np.ndarray  #: the largest error that rounding explains
    expected: Mapping[str, np.ndarray]  #: by reference; NaN where a sample has no value
    delta: Mapping[str, np.ndarray]  #: candidate − reference
    ulp: Mapping[str, np.ndarray]  #: |Δ| in units in the last place of the row's largest true entry
    ratio: Mapping[str, np.ndarray]  #: |Δ| ÷ budget; ∞ for NaN


@dataclass(frozen=True)
class Adjoint:
    """The error of one adjoint at every time step."""

    quantity: str  #: "da", "dh", "dc"
    labels: tuple[str, ...]  #: the gates of ``da``; a single empty one for a state
    error: np.ndarray  #: (labels, T): worst |Δ| ÷ largest |true entry| of the quantity; NaN where nothing is known
    budget: np.ndarray  #: (labels, T): what rounding explains of it, on the same scale; NaN where nothing is known


@dataclass(frozen=True)
class Adjoints:
    """Adjoints of a candidate step by step, as far as they can be had."""

    case: str  #: one line: the case that they were measured on
    method: str  #: how they were seen, in words
    quantities: tuple[Adjoint, ...]
    notes: tuple[str, ...] = ()  #: what could not be seen, and why
