"""da of every step as the candidate accumulates it, read off dW_ih: inputs are one-hot, each another one."""

from __future__ import annotations

import math

import numpy as np

from harness.case import Case
from harness.errors import BadInput
from harness.stepwise.asked import Answered, Exact, Questions
from harness.stepwise.curve import Curve
from harness.stepwise.rewriting import one_hot, remaining
from harness.stepwise.seen import Seen, said

#: T·B of one-hot inputs at most, and (T·B)² A
_COLUMNS, _PRODUCTS = 256, 2**25


class Accumulated:
    """The answer to the rewritten case, of the steps from ``first`` on and some batch entries of the given case."""

    def __init__(self, case: Case, first: int, answered: Answered) -> None:
        self.case, self.first, self._answered = case, first, answered
        self._T, self._B = case.sizes["T"], case.sizes["B"]
        self._read: np.ndarray = np.count_nonzero(case.arrays["x"], axis=2) > 0  # T B   an input of zeros shows nothing
        self.silent = ~self._read.any(axis=1)  #: (T,): at which steps no input shows anything

    def put(self, curve: Curve, gates: slice, units: slice, later: int = 0) -> None:
        """The da of some gates and units into a curve with as many labels; step t goes to step t + ``later``."""

        def picked(grad: np.ndarray) -> np.ndarray:
            count = len(self.case.model.equations.GATES)
            columns = np.asarray(grad)[:, : self._T * self._B]
            split = columns.reshape(count, -1, self._T, self._B)[gates, units]
            return np.moveaxis(split, 2, 0)  # T G H B

        answer = self._answered
        mine, right, allowed, given = (
            picked(of["W_ih"]) for of in (answer.mine, answer.exact.grads, answer.allowed, answer.given)
        )
        given = given & self._read[:, np.newaxis, np.newaxis, :]
        total = self.first + self._T
        for t in range(self._T):
            if self.first + t + later < total:
                at = (one[t].reshape(one.shape[1], -1) for one in (mine, right, allowed, given))
                curve.put(self.first + t + later, *at)


def accumulated(ask: Questions, case: Case, exact: Exact) -> tuple[Seen, Accumulated | None]:
    """The da of every gate, and what it was read from. Two calls at most."""
    T, D = case.sizes["T"], case.sizes["D"]
    if not ask.given(case)["W_ih"].any():
        return Seen(notes=("da: it gives no gradient of W_ih",)), None
    affordable = min(_COLUMNS, math.isqrt(_PRODUCTS // len(case.arrays["W_ih"])))
    why = ""
    most_of = [max(affordable, 1)]
    if min(affordable, T * case.sizes["B"]) > D:  # and where it takes no other number of inputs than its own
        most_of.append(D)
    for most in most_of:
        part, first = _part(case, exact, most)
        hot, why = _put_to(ask, part)
        if hot is None:
            continue
        answered = ask(hot)
        if answered is not None:
            found = Accumulated(hot, first, answered)
            gates = case.model.equations.GATES
            curve = Curve("da", gates, T)
            found.put(curve, slice(None), slice(None))
            return Seen((curve,), _WAY, _notes(case, part, found)), found
        why = f"it does not answer for {hot.sizes['D']} one-hot inputs"
    return Seen(notes=(f"da: {why}",)), None


_WAY = (
    "da is column by column the dW_ih of the same case with one-hot inputs, a different one for every step and batch "
    "entry: what was accumulated"
)


def _part(case: Case, exact: Exact, most: int) -> tuple[Case, int]:
    """As many batch entries as make at most so many inputs, or of one entry the last steps; and the first step."""
    T, B = case.sizes["T"], case.sizes["B"]
    if most >= T * B:
        return case, 0
    first = max(0, T - most)
    return remaining(case, exact.trace, first, max(1, most // T)), first


def _put_to(ask: Questions, case: Case) -> tuple[Case | None, str]:
    """The rewritten case as the candidate can take it, or why it cannot."""
    why = ""
    for silent in (False, True):
        try:
            hot = one_hot(case, silent)
        except BadInput as error:  # a contribution that is not finite at this dtype
            return None, str(error)
        why = ask.refuses(hot)
        if not why:
            return hot, ""
    return None, why


def _notes(case: Case, part: Case, found: Accumulated) -> tuple[str, ...]:
    """What of the case was not looked at."""
    notes = []
    if part.sizes["B"] < case.sizes["B"]:
        notes.append(f"da: seen of the first {part.sizes['B']} of {case.sizes['B']} batch entries")
    if found.first:
        notes.append(f"da: seen from step {found.first} on")
    if found.silent.any():
        steps = said([found.first + int(t) for t in np.flatnonzero(found.silent)])
        notes.append(f"da: not seen at {steps}, where there is no input")
    return tuple(notes)
