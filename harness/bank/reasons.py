"""Why a fault changes nothing."""

from __future__ import annotations

from harness.bank.fault import Fault

#: loss → what its cotangent is at most, and why
_BOUNDS = {
    "softmax-cross-entropy": (1, "softmax(z) − e_y lies within ±1"),
    "binary-cross-entropy": (1, "σ(z) − y lies within ±1 for targets from 0 to 1"),
    "sigmoid-half-squared-error": (0.25, "(s − y) ⊙ s ⊙ (1 − s) lies within ±¼ for targets from 0 to 1"),
}
#: what is said of a fault whose lack of effect nothing here explains
UNKNOWN = "no case that was run shows it"


def reason(fault: Fault) -> str:
    """Why the gradients of a fault without effect are right, in words."""
    detail = fault.id.split("/")[-1]
    if fault.kind == "wrong-index" and detail.endswith("reversed"):
        return f"{fault.quantity} is a sum over all steps, which is the same in reversed order"
    if fault.kind == "accumulation" and detail == "one-array":
        return "the values are right: they only share their memory"
    if fault.kind == "clipped" and fault.loss in _BOUNDS and float(detail) >= _BOUNDS[fault.loss][0]:
        return f"{_BOUNDS[fault.loss][1]}: the limit is never exceeded"
    return UNKNOWN
