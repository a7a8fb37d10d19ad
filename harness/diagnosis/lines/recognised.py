"""Values recognised among the right quantities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.diagnosis.lines.forms import OWN, Form, Forms

ZERO = "zero"


class Match(NamedTuple):
    """A right quantity that a value is. ``step`` is None for what is no single step's."""

    name: str
    step: int | None
    order: tuple[str, ...]


class Recogniser:
    """What values are, by the forms of a case. ``tolerance`` is relative to the largest entry."""

    def __init__(self, forms: Forms, tolerance: float) -> None:
        self._forms, self._tolerance = forms, tolerance
        self._known: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray, list[Match]]] = {}
        self._found: dict[tuple[tuple[int, ...], bytes], tuple[Match, ...]] = {}

    def matches(self, value: np.ndarray) -> tuple[Match, ...]:
        """All that it is, the plainest first; a zero array is ZERO, whatever else is zero."""
        key = (value.shape, value.tobytes())
        if key not in self._found:
            self._found[key] = self._matches(value)
        return self._found[key]

    def _matches(self, value: np.ndarray) -> tuple[Match, ...]:
        if not value.any():
            return (Match(ZERO, None, ()),)
        if value.size > 1 and (value == value.flat[0]).all():
            return (Match(f"{value.flat[0]:g}", None, ()),)
        arrays, largest, matches = self._of(value.shape)
        if not len(arrays):
            return ()
        flat = value.ravel()
        with np.errstate(invalid="ignore"):
            near = np.abs(arrays - flat).max(axis=1) <= self._tolerance * np.maximum(largest, np.abs(flat).max())
        return tuple(matches[k] for k in np.flatnonzero(near))

    def _of(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, list[Match]]:
        if shape not in self._known:
            steps = [form for form in self._forms.steps(shape) if form.time == OWN]
            arrays, matches = [], []
            for form in steps:
                constant = form.array.strides[0] == 0
                for t in range(1 if constant else len(form.array)):
                    arrays.append(form.array[t].ravel())
                    matches.append(Match(form.name, None if constant else t, form.order))
            for form in self._forms.whole(shape):
                arrays.append(form.array.ravel())
                matches.append(Match(form.name if form.time == "whole" else f"{form.name} backwards", None, form.order))
            stacked = np.array(arrays) if arrays else np.zeros((0, 0))
            largest = np.abs(stacked).max(axis=1, initial=0) if arrays else np.zeros(0)
            self._known[shape] = stacked, largest, matches
        return self._known[shape]


def told(form: Form) -> str:
    """A form in words: "da of step t + 1"."""
    return form.name + {"later": " of step t + 1", "backwards": " backwards"}.get(form.time, "")
