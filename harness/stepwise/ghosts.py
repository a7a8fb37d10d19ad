"""What is carried of dh, seen in the da of added hidden units: for a candidate that gives no gradient of h0.

A ghost is a second hidden unit for every one there is. Its state is zero at every step, as it reads nothing: forward,
and the other units' adjoints, are what they were. But the gates read a ghost by the same weights as they read the unit
itself, so at each step the same dh comes back to it from the step after. With its gates wide open that is its own da.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.case import Case
from harness.stepwise.accumulated import Accumulated
from harness.stepwise.asked import Questions
from harness.stepwise.curve import Curve
from harness.stepwise.seen import Seen, said

#: a gate of this pre-activation is 1 to the last bit, and of its negative 0, within 1e-17
_WIDE = 40.0
#: by cell: the gate whose da a ghost's dh becomes, and the pre-activations of its other gates
_READ: dict[str, tuple[str, dict[str, float]]] = {
    "rnn": ("a", {}),
    "lstm": ("g", {"i": _WIDE, "f": -_WIDE, "o": _WIDE}),
}
#: by loss: the targets that agree with a hidden unit that is zero, where hidden units are the predictions
_TARGETS = {
    "half-squared-error": 0.0,
    "squared-error": 0.0,
    "binary-cross-entropy": 0.5,
    "sigmoid-half-squared-error": 0.5,
    "first-unit-squared-error": 0.0,  # of the first unit alone, which is no ghost
    "cotangent": 0.0,
}


_WAY = (
    "dh at step s is what comes back at step s − 1 to added hidden units, whose states are zero and which the "
    "gates read as they read the others: their own da, which a fault within a unit changes too"
)


def by_ghosts(ask: Questions, case: Case, read: Accumulated) -> Seen:
    """What is carried of dh to every step but the first, where nothing comes from a step before. One call.

    ``read`` is how the da of the case were seen.
    """
    number = gate(case)
    if number is None:
        return Seen()
    part = haunted(read.case)
    why = ask.refuses(part)
    answered = None if why else ask(part)
    if answered is None:
        return Seen(notes=(f"dh: not seen by added units either: {why or 'it does not answer for twice as many'}",))
    T, H = case.sizes["T"], case.sizes["H"]
    curve = Curve("dh", ("",), T)
    Accumulated(part, read.first, answered).put(curve, slice(number, number + 1), slice(H, None), later=1)
    return Seen((curve,), _WAY, (f"dh: not seen at {said(curve.unseen)}: no added unit reads an input before that",))


def gate(case: Case) -> int | None:
    """The number of the gate whose da is a ghost's dh; None where a model has no such."""
    model = case.model
    if model.cell not in _READ or model.activation not in ("tanh", "identity"):  # slope 1 at zero
        return None
    if not (model.readout or model.loss in _TARGETS):
        return None
    return model.equations.GATES.index(_READ[model.cell][0])


def haunted(case: Case) -> Case:
    """A case of one-hot inputs with a ghost for every hidden unit, after them in every gate. H becomes twice that."""
    model, H = case.model, case.sizes["H"]
    gates, opened = model.equations.GATES, _READ[model.cell][1]
    arrays = case.copies()
    for name, axes in model.axes.items():
        if name not in arrays:
            continue
        array = arrays[name]
        if axes[0] == "A":
            split = array.reshape(len(gates), H, *array.shape[1:])
            if name == "W_hh":
                split = np.concatenate([split, split], axis=2)
            ghosts = np.zeros_like(split)
            if name == "W_ih":  # the input is one-hot: whatever it is, it opens them
                ghosts += np.array([opened.get(one, 0.0) for one in gates], array.dtype)[:, np.newaxis, np.newaxis]
            arrays[name] = np.concatenate([split, ghosts], axis=1).reshape(2 * len(array), *split.shape[2:])
        elif axes[-1] == "H":
            quiet = _TARGETS[model.loss] if name == "y" else 0.0
            arrays[name] = np.concatenate([array, np.full_like(array, quiet)], axis=-1)
    return replace(case, arrays=arrays, source=f"{case.source}, with ghost units")
