"""One line of a layout together with the value that it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.layout import values
from harness.layout.axes import axes
from harness.layout.notation import NOBODY, Data, Notation
from harness.layout.places import Encoding, flat, held, places
from harness.layout.sizes import extents
from harness.layout.values import Form
from harness.where import Axis
from references.equations import losses
from references.model import Model


@dataclass(frozen=True)
class Line:
    """An author's array: what it holds, in which form, and how."""

    notation: Notation
    form: Form
    encoding: Encoding
    whole: bool  #: whether its entries are integers when they are given: indices and classes

    @property
    def name(self) -> str:
        """The author's."""
        return self.notation.name

    @property
    def role(self) -> str:
        """Which of the model's arrays it is, where it is data; empty for a weight."""
        return self.notation.role if isinstance(self.notation, Data) else ""

    @property
    def first_none(self) -> bool:
        """Whether it is a list that begins with None."""
        return isinstance(self.notation, Data) and any(axis.first_none for axis in self.notation.axes)

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Its shape, lists included, with these sizes."""
        lengths = iter([extent.at(sizes) for extent in extents(self.notation)])
        return tuple(next(lengths) if kept else 1 for kept in self.form.kept)

    def read(self, model: Model, sizes: Mapping[str, int], arrays: Mapping[str, np.ndarray], nobody: Any) -> np.ndarray:
        """Its entries, from the model's arrays; ``nobody`` where there are none."""
        where = places(model, sizes, self.notation, self.encoding)
        found: np.ndarray = flat(model, self.notation, arrays, self.encoding)[where]
        if self.first_none:
            found = np.where(where == NOBODY, nobody, found)
        return found.reshape(self.shape(sizes))

    def mark(self, model: Model, sizes: Mapping[str, int], arrays: Mapping[str, np.ndarray]) -> None:
        """Add one to every entry of the model's ``arrays``, as many as it holds of each."""
        where = places(model, sizes, self.notation)
        whole = [arrays[name] for name in held(model, self.notation)]
        count = np.bincount(where[where != NOBODY], minlength=sum(array.size for array in whole))
        first = 0
        for array in whole:
            array += count[first : first + array.size].reshape(array.shape)
            first += array.size

    def given(self, model: Model, sizes: Mapping[str, int], arrays: Mapping[str, np.ndarray], example: Any) -> Any:
        """The author's value, in the structure of the example's."""
        found = self.read(model, sizes, arrays, 0)
        found = found.astype(_integers(example) if self.whole else arrays["x"].dtype)
        return values.built(found, self.form.lists, example, self.first_none)

    def axes(self, sizes: Mapping[str, int]) -> tuple[Axis, ...]:
        """Its axes in words."""
        named = iter(axes(sizes, self.notation))
        found = [next(named) if kept else Axis("1", "entry", ("0",)) for kept in self.form.kept]
        if not self.role and len(found) == 2:
            found = [axis._replace(kind=kind) for axis, kind in zip(found, ("row", "column"), strict=True)]
        return tuple(found)


def line(model: Model, sizes: Mapping[str, int], notation: Notation, form: Form) -> Line:
    """A line of the layout of a model, with the sizes of the example."""
    if not isinstance(notation, Data):
        return Line(notation, form, "", False)
    letters = set(notation.letters)
    if notation.role == "x" and form.integer and "x" not in letters and sizes["D"] > 1:
        return Line(notation, form, "indices", True)
    classes = notation.role == "y" and model.loss in losses.ON_INDICES
    if classes and letters & {"y", "h"}:
        return Line(notation, form, "one-hot", False)
    return Line(notation, form, "", classes)


def _integers(example: Any) -> np.dtype[Any]:
    """The dtype of an example's integers; the default one where it has none."""
    while isinstance(example, list | tuple):
        example = example[-1]
    dtype = np.asarray(example).dtype
    return dtype if dtype.kind in "iuf" else np.dtype(np.int64)
