"""A planted fault: one wrong equation of handgrad's backward, as data that another process can receive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

import handgrad
from handgrad import cells
from handgrad.model import COTANGENT
from harness.bank import compiled
from harness.bank.compiled import Edit
from references.equations import losses
from references.model import Model

#: The equation of a fault in how backward reads its tape: every equation that reads what was mixed up is wrong.
TAPE = "tape"

_CELL = "lstm"
#: of the losses with a readout, one whose cotangent can have any size
_LOSS = "half-squared-error"


class Kind(NamedTuple):
    """A way to be wrong."""

    name: str
    meaning: str


#: The kinds of fault, the simplest explanation first.
KINDS = (
    Kind("zero", "a quantity is zero"),
    Kind("sign", "a quantity or one of its terms has the opposite sign"),
    Kind("scale", "a quantity is a constant multiple of the right one"),
    Kind("dropped-factor", "a factor is missing"),
    Kind("dropped-term", "a term is missing"),
    Kind("dropped-power", "a square is the plain value"),
    Kind("dropped-line", "a line is missing, always or at one step: what it computes stays zero, or what it was"),
    Kind("wrong-variable", "one quantity is read in place of another of its shape"),
    Kind("wrong-index", "the right quantity at the wrong time step or index"),
    Kind("missing-activation", "a value is read before its activation in place of after it"),
    Kind("activated-twice", "a derivative is taken at a value that is activated once more"),
    Kind("wrong-derivative", "the derivative of another function"),
    Kind("transpose", "axes are exchanged, or reshaped where they must be exchanged"),
    Kind("stacking", "gates or states are stacked or unpacked in another order"),
    Kind("mean-for-sum", "an average over steps, batch entries or outputs in place of a sum"),
    Kind("accumulation", "= in place of += or the other way round"),
    Kind("partial-sum", "a sum leaves out steps, batch entries or gates"),
    Kind("loop", "the loop over time has wrong bounds or direction"),
    Kind("too-early", "a line is computed before what it reads"),
    Kind("extra-term", "a term that does not belong"),
    Kind("extra-factor", "a factor that does not belong, or stands twice"),
    Kind("truncated", "what is carried through time is cut off after some steps"),
    Kind("clipped", "a quantity is held within a limit"),
    Kind("mixed-batch", "batch entries get each other's values"),
    Kind("offset", "a constant is added"),
    Kind("one-entry", "one entry of a result is off"),
)


@dataclass(frozen=True)
class Fault:
    """One planted fault, and the faulted backward in an otherwise unchanged handgrad."""

    id: str  #: unique and stable: "lstm/4*i/wrong-variable/g-f"
    cell: str  #: the cell that it concerns; empty for any
    loss: str  #: the loss that it concerns; empty for any
    readout: bool  #: it concerns models with a readout only
    equation: str  #: the tag, in handgrad's source, of the equation that it breaks, or `TAPE`
    quantity: str  #: what that equation computes: "di"; empty where it is no one quantity
    kind: str  #: the name of one of `KINDS`
    sentence: str  #: what is wrong, in words: "di reads f in place of g"
    weak: bool  #: it hardly shows: sensitivity is measured with it
    line: str  #: the original line as plain arithmetic: "di[:] = dc * g[t]"
    source: str  #: what stands in its place: "di[:] = dc * f[t]"
    function: str = field(repr=False)  #: the rewritten one, "handgrad.cells.lstm:backward"
    edits: tuple[Edit, ...] = field(repr=False)

    def runs_with(self, loss: str) -> bool:
        """Whether models with that loss can run the code that the fault is in."""
        if loss == COTANGENT and self.equation == "7*n":
            return False
        return self.loss in ("", loss) and not (self.readout and loss in losses.ON_HIDDEN)

    def concerns(self, model: Model) -> bool:
        """Whether ``model`` runs the code that the fault is in."""
        return self.cell in ("", model.cell) and self.runs_with(model.loss) and (model.readout or not self.readout)

    @property
    def model(self) -> Model:
        """A plain model that it concerns: default activation, sums, two biases, a readout where the loss may have one.

        The loss is the fault's own, else ``cotangent``, else one whose cotangent can have any size.
        """
        cell = self.cell or _CELL
        loss = self.loss or (COTANGENT if self.runs_with(COTANGENT) else _LOSS)
        return Model(cell, cells.get(cell).ACTIVATIONS[0], loss, "sum", 2, loss not in losses.ON_HIDDEN)

    def candidate(self, model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        """What `harness.candidate.own` gives, from the faulted backward; compiled when it is first called.

        What overflows becomes infinite or NaN without a warning: that is the fault's result. Raises ValueError for a
        model that the fault does not concern.
        """
        if not self.concerns(model):
            raise ValueError(f"model: got {model}, allowed: one that fault {self.id} concerns")
        run = compiled.loss_and_grads(self.function, self.edits)
        with np.errstate(all="ignore"):
            return run(arrays, cell=model.cell, activation=model.activation, loss=model.loss, reduction=model.reduction)
