"""A layout: what the arrays of a candidate are, in the model's own terms, and the way there and back.

Every entry of an author's weight is one entry of one of the model's arrays, so both directions are an index mapping.
What the author has no array for is zero; what is not in the layout is passed on as the example has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.candidates import structure
from harness.case import Case, from_seed
from harness.errors import BadInput
from harness.layout import models, sizes, values
from harness.layout.line import Line, line
from harness.layout.notation import parse
from harness.where import Axis
from references.model import Model

_WORDS = {"T": "time", "B": "batch", "D": "input", "H": "hidden", "K": "output"}


@dataclass(frozen=True, eq=False)
class Layout:
    """The lines of a layout, checked against the candidate's example."""

    model: Model
    sizes: dict[str, int]  #: of the example
    fixed: dict[str, int]  #: the sizes that the candidate has no axis for, all 1
    lines: tuple[Line, ...]
    graded: tuple[str, ...]  #: the author's names of arrays that have a gradient: weights, states, inputs but indices
    unknown: tuple[str, ...]  #: arrays of floats that no line speaks of

    @staticmethod
    def read(
        lines: Mapping[str, str], model: Mapping[str, str], params: Mapping[str, Any], data: Mapping[str, Any]
    ) -> Layout:
        """What ``lines`` and ``model`` of a candidate's file say. Raises BadInput where that cannot be."""
        example = {**params, **data}
        for name in lines:
            if name not in example:
                raise BadInput(f"layout of {name}: got no such array in the example, allowed: {', '.join(example)}")
        notations = [parse(name, text) for name, text in lines.items()]
        read = [(notation, values.form(notation, example[notation.name])) for notation in notations]
        chosen = models.model(read, model)
        read = [(models.of_hidden(chosen, notation), form) for notation, form in read]
        known = sizes.inferred(read)
        fixed = sizes.fixed(chosen, read, known)
        known = {axis: fixed.get(axis) or known.get(axis) or known["H"] for axis in "TBDHK"}  # K is H without a readout
        ready = tuple(line(chosen, known, notation, form) for notation, form in read)
        return Layout(
            model=chosen,
            sizes=known,
            fixed=fixed,
            lines=ready,
            graded=tuple(one.name for one in ready if _has_gradient(one)),
            unknown=tuple(name for name, value in example.items() if name not in lines and _is_array(value)),
        )

    def case(self, sizes: Mapping[str, int] | None = None, dtype: str = "float64", seed: int = 0) -> Case:
        """A case that this candidate can take, as `harness.case.from_seed` draws it; by default of the example's sizes.

        What the candidate has no array for is zero, and what it has no axis for has size 1. Inputs are one-hot where
        the candidate takes indices.
        """
        wanted = {**self.sizes, **(sizes or {}), **self.fixed}
        case = from_seed(self.model, wanted, dtype, seed)
        arrays = case.copies()
        if self._of("x").encoding:
            indices = np.random.default_rng(seed).integers(wanted["D"], size=(wanted["T"], wanted["B"]))
            arrays["x"] = np.eye(wanted["D"], dtype=dtype)[indices]
        for name, held in self._held(arrays).items():
            if name in self.model.optional and not held.any():
                del arrays[name]
            elif arrays[name].dtype.kind == "f":
                arrays[name][held == 0] = 0
        return replace(case, arrays=arrays)

    def fits(self, case: Case) -> str:
        """Why a case cannot be put to this candidate; empty where it can."""
        for what in ("cell", "activation", "loss", "reduction", "readout"):
            own, other = getattr(self.model, what), getattr(case.model, what)
            if own != other:
                return f"it has {_said(what, own)}, the case has {_said(what, other)}"
        for axis in self.fixed:
            if case.sizes[axis] > 1:
                return f"it has no {_WORDS[axis]} axis, the case has {axis}={case.sizes[axis]}"
        inputs = self._of("x")
        if inputs.encoding and not _one_hot(case.arrays["x"][1 if inputs.first_none else 0 :]):
            return "its x are indices, the case's x is not one-hot"
        for name, held in self._held(case.arrays).items():
            if case.arrays[name].dtype.kind == "f" and case.arrays[name][held == 0].any():
                lacks = "place for all of it" if held.any() else "argument for it"
                return f"{name} is not zero, and the candidate has no {lacks}"
        return ""

    def given(
        self, arrays: Mapping[str, np.ndarray], params: Mapping[str, Any], data: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The author's params and data for the model's arrays; ``params`` and ``data`` are the example's.

        Arrays are fresh and C-contiguous, their floats of the dtype of x. What no line speaks of is a copy of the
        example's.
        """
        ready = _with_optional(self.model, arrays)
        known = self._sizes(ready)
        named = {one.name: one for one in self.lines}

        def value(name: str, example: Any) -> Any:
            return named[name].given(self.model, known, ready, example) if name in named else structure.copied(example)

        return {name: value(name, one) for name, one in params.items()}, {
            name: value(name, one) for name, one in data.items()
        }

    def pick(self, name: str, canonical: Mapping[str, np.ndarray]) -> np.ndarray:
        """Of arrays that are shaped as the model's, what belongs to the author's array, in its shape, lists stacked.

        NaN where an entry is nobody's.
        """
        return self._named(name).read(self.model, self._sizes(canonical), canonical, np.nan)

    def axes(self, name: str, sizes: Mapping[str, int]) -> tuple[Axis, ...]:
        """The axes of what `pick` gives, in words, for a case's sizes."""
        return self._named(name).axes(sizes)

    def _named(self, name: str) -> Line:
        return next(one for one in self.lines if one.name == name)

    def _of(self, role: str) -> Line:
        return next(one for one in self.lines if one.role == role)

    def _held(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """For each of the model's arrays, how many of the author's entries each entry is."""
        counts = {name: np.zeros(array.shape, int) for name, array in _with_optional(self.model, arrays).items()}
        for one in self.lines:
            if one.encoding:
                counts[one.role][1 if one.first_none else 0 :] += 1
            else:
                one.mark(self.model, self._sizes(arrays), counts)
        return {name: counts[name] for name in arrays}

    def _sizes(self, arrays: Mapping[str, np.ndarray]) -> dict[str, int]:
        """The sizes that arrays have; the example's, for an axis that none of them has."""
        found = dict(self.sizes)
        for name, array in arrays.items():
            found |= {axis: size for axis, size in zip(self.model.axes[name], array.shape, strict=True) if axis != "A"}
        return found if self.model.readout else found | {"K": found["H"]}


def _has_gradient(of: Line) -> bool:
    """Whether it is given as floats that the loss is differentiated by, be its example's zeros integers."""
    return of.role != "y" and not of.role.startswith("G") and not of.whole and not of.first_none


def _is_array(value: Any) -> bool:
    array = structure.as_array(value)
    return array is not None and array.ndim > 0


def _with_optional(model: Model, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same, with zeros for the cotangents of final states that a case may leave out."""
    missing = [name for name in model.optional if name not in arrays]
    return {**arrays, **{name: np.zeros_like(arrays["h0"]) for name in missing}}


def _one_hot(x: np.ndarray) -> bool:
    return bool((((x == 0) | (x == 1)).all()) and (x.sum(axis=-1) == 1).all())


def _said(what: str, value: object) -> str:
    if what == "readout":
        return "a readout" if value else "no readout"
    return f"{what} {value}"
