"""What is carried of dh and dc to every step: the gradient of the remaining steps by the states they start from."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from harness.case import Case
from harness.errors import BadInput
from harness.stepwise.asked import Answered, Exact, Questions
from harness.stepwise.curve import Curve
from harness.stepwise.rewriting import remaining
from harness.stepwise.seen import Seen

#: so many steps are measured at most, and for about so many seconds; of more steps, every so many
MOST, SECONDS = 64, 4.0


def carried(ask: Questions, case: Case, exact: Exact) -> dict[str, Seen]:
    """Every state's adjoint as it leaves step s towards step s − 1, by a call for every s; by state.

    ``exact`` is truth's answer to the case. The first call without an answer is the last. Of a state that the candidate
    gives no gradient of, that is all that is said.
    """
    states, T, given = case.model.equations.STATES, case.sizes["T"], ask.given(case)
    curves = {state: Curve(f"d{state}", ("",), T) for state in states if given[f"{state}0"].any()}
    started = time.perf_counter()
    steps: Sequence[int] = [0] if curves else []
    why = ""
    while steps and not why:
        s, *steps = steps
        why = _step(ask, case, exact, s, curves)
        if s == 0 and not why:  # the longest of all, which tells how long the others will take
            steps = _others(T, time.perf_counter() - started)
    unseen = {state: Seen(notes=(f"d{state}: it gives no gradient of {state}0",)) for state in states}
    return unseen | {state: Seen((curve,), notes=_notes(curve, why, T)) for state, curve in curves.items()}


def way(quantities: Sequence[str], T: int) -> str:
    """How quantities of a case of T steps are seen that `carried` found."""
    are = "are the gradients" if len(quantities) > 1 else "is the gradient"
    states = " and ".join(quantity[1:] for quantity in quantities)
    told = f"{', '.join(quantities)} at step s {are} of the steps s … {T - 1} alone by {states} before s"
    return f"{told}, each a pass of its own"


def _others(T: int, seconds: float) -> list[int]:
    """The steps to ask for beside the first, the last one first, so many that it takes neither too many nor too long.

    On average the remaining steps are half of them all.
    """
    affordable = max(1, min(MOST - 1, int(SECONDS / (seconds / 2))))
    every = math.ceil((T - 1) / affordable)
    return list(range(T - 1, 0, -every)) if T > 1 else []


def _step(ask: Questions, case: Case, exact: Exact, s: int, curves: dict[str, Curve]) -> str:
    """One step's adjoints into the curves, or why they cannot be had."""
    try:
        rest = remaining(case, exact.trace, s)
    except BadInput as error:
        return str(error)
    if refusal := ask.refuses(rest):
        return refusal
    answered = ask(rest)
    if answered is None:
        return f"it does not answer for {rest.sizes['T']} step{'s'[: rest.sizes['T'] - 1]} alone"
    T, B = case.sizes["T"], case.sizes["B"]
    counts = case.model.divisor(T - s, B) / case.model.divisor(T, B)  # of a mean over fewer steps
    for state, curve in curves.items():
        _put(curve, s, answered, f"{state}0", counts)
    return ""


def _put(curve: Curve, s: int, answered: Answered, name: str, factor: float) -> None:
    def flat(array: np.ndarray) -> np.ndarray:
        return array.reshape(1, -1)

    mine, right, allowed = (flat(np.asarray(of[name])) * factor for of in
                            (answered.mine, answered.exact.grads, answered.allowed))  # fmt: skip
    curve.put(s, mine, right, allowed, flat(answered.given[name]))


def _notes(curve: Curve, why: str, T: int) -> tuple[str, ...]:
    """At how many steps a quantity was seen, and why not at all of them."""
    if curve.known == T:
        return ()
    return (f"{curve.quantity}: seen at {curve.known} of {T} steps: {why or 'all of them would take too long'}",)
