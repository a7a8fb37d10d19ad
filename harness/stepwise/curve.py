"""The error of one quantity at every step, collected call by call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.pictured import Adjoint

#: what is left of a budget, relative to the largest entry, where nothing but underflow explains an error
_NOTHING = 1e-100


class Curve:
    """What is known of one quantity, with a row per label and a column per step."""

    def __init__(self, quantity: str, labels: Sequence[str], T: int) -> None:
        self.quantity, self.labels = quantity, tuple(labels)
        shape = (len(self.labels), T)
        self._worst = np.full(shape, np.nan, np.longdouble)  #: |Δ|
        self._ratio = np.zeros(shape, np.longdouble)  #: |Δ| ÷ budget
        self._allowed = np.full(shape, np.nan, np.longdouble)  #: the largest budget; NaN where nothing can be judged
        self._peak = np.longdouble(0)  #: the largest |true entry|

    def put(self, t: int, mine: np.ndarray, right: np.ndarray, allowed: np.ndarray, given: np.ndarray) -> None:
        """One step: the candidate's entries, truth's, the budgets, and which the candidate gave; (labels, n) each.

        An entry that it gave and that is not finite is infinitely wrong. Nothing is known where truth is not finite,
        and of a label without entries.
        """
        given = given & np.isfinite(right)
        with np.errstate(all="ignore"):
            size = np.abs(np.asarray(mine, np.longdouble) - right)
            size = np.where(np.isfinite(mine), size, np.inf)
            ratio = np.where(np.isfinite(allowed), size / allowed, 0)
        for k in np.flatnonzero(given.any(axis=1)):
            at = given[k]
            self._worst[k, t], self._ratio[k, t] = size[k, at].max(), ratio[k, at].max()
            largest = np.max(allowed[k, at])
            self._allowed[k, t] = largest if np.isfinite(largest) else np.nan
            self._peak = max(self._peak, np.abs(right[k, at]).max())

    @property
    def unseen(self) -> list[int]:
        """The steps at which nothing is known."""
        return [int(t) for t in np.flatnonzero(np.isnan(self._worst).all(axis=0))]

    @property
    def known(self) -> int:
        """At how many steps anything is known."""
        return self._worst.shape[1] - len(self.unseen)

    @property
    def silent(self) -> bool:
        """Whether all that is right is zero, so that errors are measured in what rounding explains."""
        return bool(self._peak == 0)

    @property
    def doubtful(self) -> bool:
        """Whether nothing can be judged at some step that is known."""
        return bool((np.isnan(self._allowed) & ~np.isnan(self._worst)).any())

    def adjoint(self) -> Adjoint | None:
        """The quantity, relative to its largest true entry over all steps; None where nothing is known of it.

        Every entry has its own budget. Shown is the largest; where some entry is beyond its own, the error ÷ the worst
        error ÷ budget: so the error is above the budget exactly where rounding does not explain some entry. Where only
        underflow would explain an error, as of what is zero by structure, the budget is told as 0.
        """
        if not self.known:
            return None
        unit = self._peak if self._peak > 0 else np.nanmax(np.append(self._allowed.ravel(), np.finfo(float).tiny))
        with np.errstate(all="ignore"):
            beyond = (self._ratio > 1) & np.isfinite(self._worst)
            allowed = np.where(beyond, self._worst / self._ratio, self._allowed)
            error, budget = (np.asarray(values / unit, float) for values in (self._worst, allowed))
            budget[(budget < _NOTHING) & ((error == 0) | (error > budget))] = 0
        return Adjoint(self.quantity, self.labels, error, budget)
