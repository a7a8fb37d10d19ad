"""A case in simple numbers: which entries of its arrays may be others, and which others, the simplest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.case import Case
from harness.diagnosis.shrink import Pick

#: Numbers for pencil and paper, the simplest first.
SIMPLE = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0)
#: For an entry that is loud itself.
_LOUD = (10.0, 100.0, 1000.0)
SOURCE = "the smallest counterexample"
#: a pick → the entry of one place
_Place = tuple[str, Any, Sequence[Any]]


class Values:
    """The entries of a case that may be other numbers, each with its options: simple ones, and its own, rounded.

    What is zero stays zero, as a candidate may have no place for it; what is given as indices stays one-hot; what
    lies between 0 and 1 stays there.
    """

    def __init__(self, case: Case, indices: bool) -> None:
        self._case = case
        self._places = list(self._found(indices))

    def made(self, pick: Pick) -> tuple[Case, tuple[int, int]]:
        """A case of picked entries, and how far it is from simple: entries other than the simplest, by how much."""
        ranks: list[int] = []

        def chosen(possible: Sequence[Any]) -> Any:
            rank = pick(range(len(possible)))
            ranks.append(rank)
            return possible[rank]

        return self._with(chosen), (sum(rank > 0 for rank in ranks), sum(ranks))

    def rounded(self, digits: int) -> Case:
        """The case's own entries with so many digits."""
        arrays = {
            name: np.array([_round(float(number), digits) for number in array.flat]).reshape(array.shape)
            for name, array in self._case.arrays.items()
            if array.dtype.kind == "f"
        }
        return replace(self._case, arrays={**self._case.copies(), **arrays}, source=SOURCE)

    def _with(self, chosen: Callable[[Sequence[Any]], Any]) -> Case:
        arrays = self._case.copies()
        for name, at, possible in self._places:
            if isinstance(possible, range) and arrays[name].dtype.kind == "f":
                arrays[name][at] = np.eye(len(possible))[chosen(possible)]
            else:
                arrays[name][at] = chosen(possible)
        return replace(self._case, arrays=arrays, source=SOURCE)

    def _found(self, indices: bool) -> Iterator[_Place]:
        sizes = self._case.sizes
        for name, array in self._case.arrays.items():
            if array.dtype.kind in "iu":
                classes = sizes["K"] if self._case.model.readout else sizes["H"]
                yield from ((name, at, range(classes)) for at in np.ndindex(array.shape))
            elif name == "x" and indices:
                rows = (at for at in np.ndindex(array.shape[:-1]) if array[at].any())
                yield from ((name, at, range(array.shape[-1])) for at in rows)
            else:
                inside = name == "y" and _bounded(array)
                simple = tuple(number for number in SIMPLE if not inside or 0 <= number <= 1)
                for at in np.ndindex(array.shape):
                    if array[at]:
                        yield name, at, options(simple, float(array[at]))


def loud(case: Case, factor: float) -> Case:
    """The case with what comes from outside so many times as large: what a limit cuts off shows then."""
    names = [name for name in case.arrays if name.startswith("G") or name == "W_hy"]
    if "y" in case.arrays and not _bounded(case.arrays["y"]):
        names.append("y")
    return replace(case, arrays={**case.arrays, **{name: case.arrays[name] * factor for name in names}})


def _bounded(y: np.ndarray) -> bool:
    """Whether targets are classes, or probabilities."""
    return y.dtype.kind != "f" or bool(((y >= 0) & (y <= 1)).all())


def options(simple: Sequence[float], own: float) -> tuple[float, ...]:
    """What may stand in the place of a number, the simplest first: itself with one digit or two comes last."""
    more = _LOUD if abs(own) > 2 * max(simple) else ()
    return tuple(dict.fromkeys((*simple, *more, _round(own, 1), _round(own, 2), own)))


def _round(number: float, digits: int) -> float:
    return float(f"{number:.{digits}g}")
