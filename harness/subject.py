"""What is judged: the arrays that are graded, by the names that their candidate gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from harness import measure, where
from harness.budget import Budgets
from harness.case import Case
from harness.run import CaseSummary
from references.protocol import Answer

Scales = Mapping[str, measure.Scale]


class Subject(Protocol):
    """One case as its candidate sees it."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The float dtype of the case."""

    @property
    def graded(self) -> tuple[str, ...]:
        """The arrays whose gradient is judged."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The sizes by which a wrong reduction could multiply or divide, in words."""

    def summary(self) -> CaseSummary:
        """What a run keeps of it."""

    def kind(self, quantity: str) -> str:
        """What a quantity of the trace is: gate, state or readout."""

    def named(self, answer: Answer) -> Answer:
        """A reference's answer, its gradients in the candidate's names and shapes."""

    def allowed(self, budgets: Budgets) -> Budgets:
        """Budgets, those of gradients in the candidate's names and shapes."""

    def scales(self, truth: Answer, budgets: Budgets) -> Scales:
        """What the errors of each graded array are measured in, from truth and budgets in the candidate's names."""


@dataclass(frozen=True)
class Canonical:
    """A case in canonical names."""

    case: Case

    @property
    def dtype(self) -> np.dtype[Any]:
        """The case's."""
        return self.case.dtype

    @property
    def graded(self) -> tuple[str, ...]:
        """The model's."""
        return self.case.model.graded

    @property
    def counts(self) -> Mapping[str, int]:
        """T, B, T·B, and K where there is a readout."""
        sizes = self.case.sizes
        counts = {"T": sizes["T"], "B": sizes["B"], "T·B": sizes["T"] * sizes["B"]}
        return {**counts, "K": sizes["K"]} if self.case.model.readout else counts

    def summary(self) -> CaseSummary:
        """The case's."""
        return self.case.summary()

    def kind(self, quantity: str) -> str:
        """By the cell's equations."""
        cell = self.case.model.equations
        return "gate" if quantity in cell.GATES else "state" if quantity in cell.STATES else "readout"

    def named(self, answer: Answer) -> Answer:
        """The answer as it is."""
        return answer

    def allowed(self, budgets: Budgets) -> Budgets:
        """The budgets as they are."""
        return budgets

    def scales(self, truth: Answer, budgets: Budgets) -> Scales:
        """By the rows and gates of canonical arrays."""
        letters, gates = self.case.model.axes, self.case.model.equations.GATES
        axes = {name: where.axes(letters[name], truth.grads[name].shape, gates) for name in self.graded}
        return {
            name: measure.scale(truth.grads[name], budgets.grads[name], axes[name], self.dtype) for name in self.graded
        }
