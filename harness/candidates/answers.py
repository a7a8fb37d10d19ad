"""What is known of a candidate, and what it answered: as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from harness.candidates.declared import factor

#: a finding's name, its text, the arrays that it is about
Note = tuple[str, str, tuple[str, ...]]


class Description(NamedTuple):
    """What a candidate's file declares."""

    name: str
    file: str
    function: str
    line: int  #: where the function begins; 0 where that is not in the file
    layout: dict[str, str] | None
    model: dict[str, str]
    sign: float
    scale: float | str
    has_example: bool
    feeds: bool  #: whether it has a function ``feed``: what its own training loop hands to a window of text

    def multiple(self, sizes: Mapping[str, int]) -> float:
        """What its gradients are declared to be a multiple by, at these sizes. Raises BadInput for an unknown one."""
        return self.sign * factor(self.scale, sizes)


class Called(NamedTuple):
    """What a candidate answered, called on one set of params and data."""

    loss: np.ndarray  #: a single float
    grads: dict[str, np.ndarray]  #: by names of params and data, in their shapes, lists over time stacked
    trace: dict[str, np.ndarray]
    impure: tuple[str, ...]  #: why it is no function: arguments changed, state left behind …
    notes: tuple[Note, ...]  #: what else is worth saying
    seconds: float  #: of the first call
