"""Right quantities in the shape of a value that a candidate has: axes in any order, with or without those of size 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np

from harness.diagnosis.lines.entries import Entry

#: how a form follows time: the step's own, that of the step after; all steps at once, or backwards
OWN, LATER, WHOLE, BACKWARDS = "own", "later", "whole", "backwards"


class Form(NamedTuple):
    """A quantity in one shape; its name, order and time make it the same in cases of other sizes."""

    name: str
    order: tuple[str, ...]  #: the names of its axes as the candidate has them, "1" for those of size 1
    time: str
    array: np.ndarray  #: T first, for a step; else as the candidate has it
    linear: bool  #: an adjoint

    @property
    def key(self) -> tuple[str, tuple[str, ...], str]:
        """What it is, in any case."""
        return self.name, self.order, self.time


class Forms:
    """The forms of a case's entries, by the shape that they are to have; ``T`` is the number of its steps."""

    def __init__(self, entries: Sequence[Entry], T: int) -> None:
        self._entries, self._T = entries, T
        self._steps: dict[tuple[int, ...], list[Form]] = {}
        self._whole: dict[tuple[int, ...], list[Form]] = {}
        self._by_key: dict[tuple[tuple[int, ...], bool], dict[tuple[str, tuple[str, ...], str], Form]] = {}

    def steps(self, shape: tuple[int, ...]) -> list[Form]:
        """Of one step: arrays (T, *shape). Those of the step itself come first."""
        if shape not in self._steps:
            own = [(form, entry) for entry in self._entries for form in self._of_step(entry, shape)]
            moving = [(form, entry) for form, entry in own if entry.axes[:1] == ("T",) and _moves(entry.name)]
            self._steps[shape] = [*(form for form, _ in own), *(_later(form, entry.end) for form, entry in moving)]
        return self._steps[shape]

    def whole(self, shape: tuple[int, ...]) -> list[Form]:
        """Of all steps at once, or of none: arrays of the shape."""
        if shape not in self._whole:
            self._whole[shape] = [form for entry in self._entries for form in _of_all(entry, shape)]
        return self._whole[shape]

    def get(self, shape: tuple[int, ...], whole: bool, key: tuple[str, tuple[str, ...], str]) -> Form | None:
        """The form of a key in a shape; None where there is none."""
        if (shape, whole) not in self._by_key:
            known = self.whole(shape) if whole else self.steps(shape)
            self._by_key[shape, whole] = {form.key: form for form in reversed(known)}
        return self._by_key[shape, whole].get(key)

    def _of_step(self, entry: Entry, shape: tuple[int, ...]) -> Iterator[Form]:
        if entry.axes[:1] == ("T",):
            for order, array in _arranged(entry.axes[1:], entry.array, shape, 1):
                yield Form(entry.name, order, OWN, array, entry.linear)
        elif "T+1" not in entry.axes:
            for order, array in _arranged(entry.axes, entry.array, shape, 0):
                yield Form(entry.name, order, OWN, np.broadcast_to(array, (self._T, *array.shape)), entry.linear)


def _of_all(entry: Entry, shape: tuple[int, ...]) -> Iterator[Form]:
    timed = entry.axes[:1] in (("T",), ("T+1",))
    for order, array in _arranged(entry.axes, entry.array, shape, 0):
        yield Form(entry.name, order, WHOLE, array, entry.linear)
    if timed:
        for order, array in _arranged(entry.axes, entry.array[::-1], shape, 0):
            yield Form(entry.name, order, BACKWARDS, array, entry.linear)
    if entry.axes[:2] == ("T", "B"):
        T, B = entry.array.shape[:2]
        if T > 1 and B > 1:
            rest, sizes = entry.axes[2:], entry.array.shape[2:]
            for axes, array in ((("T*B", *rest), entry.array), (("B*T", *rest), entry.array.swapaxes(0, 1))):
                flat = array.reshape(T * B, *sizes)
                for order, arranged in _arranged(axes, flat, shape, 0):
                    yield Form(entry.name, order, WHOLE, arranged, entry.linear)


def _arranged(
    axes: tuple[str, ...], array: np.ndarray, shape: tuple[int, ...], skip: int
) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """``array``, whose axes behind the first ``skip`` are ``axes``, with those in every order that gives ``shape``."""
    lead, sizes = array.shape[:skip], array.shape[skip:]
    kept = [(name, size, k + skip) for k, (name, size) in enumerate(zip(axes, sizes, strict=True)) if size > 1]
    wanted = [size for size in shape if size > 1]
    if sorted(size for _, size, _ in kept) != sorted(wanted):
        return
    for some in permutations(kept):
        if [size for _, size, _ in some] == wanted:
            ones = [k + skip for k, size in enumerate(sizes) if size == 1]
            moved = array.transpose([*range(skip), *(k for _, _, k in some), *ones])
            names = iter(name for name, _, _ in some)
            yield tuple("1" if size == 1 else next(names) for size in shape), moved.reshape(*lead, *shape)


def _later(form: Form, end: np.ndarray | None) -> Form:
    """The same of the step after; behind the last step ``end`` (B, H), or zero."""
    array = np.zeros_like(form.array)
    array[:-1] = form.array[1:]
    if end is not None:
        for order, last in _arranged(("B", "H"), end, form.array.shape[1:], 0):
            if order == form.order:
                array[-1] = last
    return form._replace(time=LATER, array=array)


def _moves(name: str) -> bool:
    """Whether code may read a quantity of the step after: an adjoint that is carried, or the gate that it meets."""
    return "share" not in name and (" ⊙ " not in name or name == "dc ⊙ f") and not name.startswith("(")
