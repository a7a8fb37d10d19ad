"""Mends: a right quantity put in the place of what a site has, at the visits of one phase of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from harness.diagnosis.lines.forms import Form, Forms
from harness.diagnosis.lines.trial import Key
from harness.diagnosis.lines.visits import Plan
from harness.diagnosis.lines.watch import Changes


class Mend(NamedTuple):
    """One mend, in any case: ``form`` is the key of what is put there."""

    key: Key
    plan: Plan | None  #: None where a visit has all steps at once, or none
    phase: int  #: which phase of the plan; which visit, without one
    form: tuple[str, tuple[str, ...], str]

    def visits(self, T: int) -> list[tuple[int, int]]:
        """The visits that it replaces, and their steps."""
        return [(self.phase, 0)] if self.plan is None else self.plan.of(self.phase, T)


def found(forms: Forms, mend: Mend, shape: tuple[int, ...]) -> Form | None:
    """The form of a mend in a case; None where there is none of that shape."""
    return forms.get(shape, mend.plan is None, mend.form)


def changes(mends: Iterable[Mend], forms: Forms, T: int) -> Changes:
    """What the mends replace, for a `Watch`. A value of a shape that a mend has no form of stays."""
    made: dict[int, dict[Any, dict[int, Callable[[np.ndarray], np.ndarray]]]] = {}
    for mend in mends:
        site, path = mend.key
        at = made.setdefault(site, {}).setdefault(path, {})
        for visit, t in mend.visits(T):
            at[visit] = _put(forms, mend, t)
    return made


def _put(forms: Forms, mend: Mend, t: int) -> Callable[[np.ndarray], np.ndarray]:
    def put(value: np.ndarray) -> np.ndarray:
        form = found(forms, mend, value.shape)
        if form is None:
            return value
        return form.array if mend.plan is None else np.asarray(form.array[t])

    return put
