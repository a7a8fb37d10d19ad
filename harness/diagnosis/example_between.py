"""What stands between the arrays and a gradient: every right intermediate, in the order in which it is computed."""

from __future__ import annotations

import numpy as np

from harness.case import Case
from harness.diagnosis import backward
from harness.diagnosis.adjoints import SUMMED
from references import extended


def between(case: Case) -> dict[str, np.ndarray]:
    """The quantities of the forward pass, then their adjoints; T first, those of the final states without.

    States are those after the step. Of a cell whose adjoint equations have no text there is the forward pass alone.
    """
    answer = extended.gradients(case.model, case.arrays)
    found = {name: np.asarray(value, float) for name, value in answer.trace.items()}
    found["loss"] = np.asarray(answer.loss, float)
    if backward.models(case.model):
        pass_ = backward.Backward(case)
        hidden = [one.quantity for one in pass_.equations if not one.graded and not one.quantity.endswith(SUMMED)]
        found |= {quantity: pass_.right[quantity] for quantity in hidden}
    return found
