"""Patterns one by one: each says in words what a wrong array is of the right one, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

#: what differs by less, relatively to the largest entry, is equal but for rounding
EQUAL = 1e-9
_NUMBERS = {1.0: "1", 2.0: "2", 0.5: "½", 3.0: "3", 4.0: "4", 0.25: "¼", 10.0: "10", 0.1: "0.1", 100.0: "100"}
_LEAST = 3  #: entries that a pattern with one free number must explain


@dataclass(frozen=True, eq=False)
class Two:
    """A wrong array and the right one, of the same axes."""

    wrong: np.ndarray
    right: np.ndarray
    axes: tuple[str, ...]
    gates: tuple[str, ...]  #: stacked along axis A
    sizes: Mapping[str, int]
    equal: float = EQUAL

    def is_(self, other: np.ndarray) -> bool:
        """Whether the wrong array is that one, where it is known; NaN in it is not."""
        return same(self.wrong, other, self.equal)

    def axis(self, letter: str) -> int | None:
        """Where an axis is; None where there is none, or where it has one entry only."""
        at = self.axes.index(letter) if letter in self.axes else None
        return at if at is not None and self.right.shape[at] > 1 else None

    def part(self, axis: int, where: slice | list[int]) -> Two:
        """Some entries along an axis."""
        key = (*[slice(None)] * axis, where)
        return replace(self, wrong=self.wrong[key], right=self.right[key])


def same(one: np.ndarray, two: np.ndarray, equal: float = EQUAL) -> bool:
    """Whether two arrays are equal to rounding, where both are known."""
    if one.shape != two.shape:
        return False
    known = ~(np.isnan(one) | np.isnan(two))
    if not known.any():
        return False
    one, two = one[known], two[known]
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(one - two) <= equal * max(np.abs(one).max(), np.abs(two).max())
    return bool((near | (one == two)).all())


def zero(two: Two) -> str:
    return "exactly zero" if not np.nan_to_num(two.wrong).any() else ""


def ratio(two: Two) -> str:
    """The wrong array as a multiple of the right one."""
    known = ~np.isnan(two.wrong)
    wrong, right = two.wrong[known], two.right[known]
    if not right.any() or not wrong.any() or not np.isfinite(wrong).all() or np.count_nonzero(right) < _LEAST:
        return ""
    factor = float(wrong @ right / (right @ right))
    if not two.is_(factor * two.right):
        return ""
    names = [name for value, name in multiples(two.sizes) if abs(factor / value - 1) <= 10 * two.equal]
    if any(name.lstrip("−").startswith("1/") for name in names[:1]):
        return f"mean for sum: constant ratio {' or '.join(names)}"
    length = float(np.linalg.norm(wrong))
    if not names and 0 < factor < 1 and _round(length):
        return f"clipped to the norm {length:.2g}"
    return f"constant ratio {' or '.join(names) or number(factor)}"


def number(value: float) -> str:
    """To four digits; to nine where four would make another, plainer number of it."""
    text = f"{value:.4g}"
    if abs(float(text)) in _NUMBERS and abs(float(text) - value) > EQUAL * abs(value):
        text = f"{value:.9g}"
    return text.replace("-", "−")


def multiples(sizes: Mapping[str, int]) -> Iterator[tuple[float, str]]:
    """Numbers that gradients are off by, and how they are written; −1 first, plain numbers before sizes."""
    T, B = sizes.get("T", 1), sizes.get("B", 1)
    of_sizes = {"T": T, "1/T": 1 / T, "B": B, "1/B": 1 / B, "T·B": T * B, "1/(T·B)": 1 / (T * B)}
    named = [*_NUMBERS.items(), *((value, name) for name, value in of_sizes.items() if value != 1 and "·" not in name)]
    named += [(value, name) for name, value in of_sizes.items() if "·" in name and T > 1 and B > 1]
    for (value, name), sign in product(named, (1, -1)):
        if (value, sign) != (1, 1):
            yield sign * value, name if sign > 0 else f"−{name}"


def _round(number: float) -> bool:
    return number > 0 and abs(float(f"{number:.2g}") / number - 1) <= EQUAL


def _offset(two: Two) -> str:
    by = two.wrong - two.right
    if np.count_nonzero(~np.isnan(by)) < _LEAST or not two.is_(two.right + np.nanmean(by)):
        return ""
    return f"{np.nanmean(by):.4g} is added to every entry".replace("-", "−")


def _one_number(two: Two) -> str:
    if two.right.ndim != 2 or min(two.right.shape) < 2 or np.isnan(two.wrong).any():
        return ""
    one = np.full_like(two.wrong, two.wrong.flat[0])
    return "one number in every entry: an inner product in place of an outer one" if two.is_(one) else ""


def _transposed(two: Two) -> str:
    if two.right.ndim != 2:
        return ""
    count = len(two.gates) if two.axes[0] == "A" and two.gates else 1
    if two.right.shape[0] % count:
        return ""
    blocks = np.split(two.right, count)
    if count > 1 and two.is_(np.concatenate(blocks, axis=1).reshape(two.right.shape)):
        return "reshaped where axes must be exchanged"
    if blocks[0].shape[0] == blocks[0].shape[1] and two.is_(np.concatenate([block.T for block in blocks])):
        return "transposed" if count == 1 else "each gate's block transposed"
    if two.is_(two.right.T.reshape(two.right.shape)) or two.is_(two.right.reshape(two.right.shape[::-1]).T):
        return "reshaped where axes must be exchanged"
    return ""


def _gates_permuted(two: Two) -> str:
    """Every gate's block is some gate's."""
    blocks = stacked_blocks(two)
    if len(blocks) < 2:
        return ""
    holds = []
    for own in blocks:
        found = [k for k, other in enumerate(blocks) if own.is_(other.right)]
        if not found:
            return ""
        holds.append(found[0])
    names = [two.gates[k] for k in holds]
    if sorted(holds) == list(range(len(blocks))):
        return f"gates permuted: {', '.join(two.gates)} hold {', '.join(names)}"
    moved = [f"{gate} holds {name}" for gate, name in zip(two.gates, names, strict=True) if gate != name]
    return f"one gate in place of another: {', '.join(moved)}"


def _reversed(two: Two) -> str:
    for letter, what in (("T", "reversed in time"), ("B", "batch entries in reversed order")):
        at = two.axis(letter)
        if at is not None and two.is_(np.flip(two.right, at)):
            return what
    return ""


def _shifted(two: Two) -> str:
    at = two.axis("T")
    if at is not None and two.right.shape[at] > 2:
        for later, by in (("after", 1), ("before", -1)):
            ours, theirs = (slice(None, -1), slice(1, None))[::by]
            here, there = two.part(at, ours), two.part(at, theirs)
            if here.is_(there.right) and not same(here.right, there.right):
                return f"shifted by one step: each step holds that of the step {later} it"
    at = two.axis("B")
    if at is not None and two.right.shape[at] > 2:
        for by in (1, -1):
            if two.is_(np.roll(two.right, by, at)):
                return f"batch entries shifted by one: each holds the entry {'before' if by > 0 else 'after'} it"
    return ""


def _averaged(two: Two) -> str:
    for letter, what in (("B", "batch"), ("T", "time")):
        at = two.axis(letter)
        if at is not None:
            total = np.broadcast_to(two.right.sum(axis=at, keepdims=True), two.right.shape)
            if two.is_(total / two.right.shape[at]):
                return f"{what}-averaged: every entry holds the mean over {letter}"
            if two.is_(total):
                return f"{what}-summed: every entry holds the sum over {letter}"
    return ""


def _clipped(two: Two) -> str:
    limit = float(np.nanmax(np.abs(two.wrong)))
    at_limit = np.count_nonzero(np.abs(two.wrong) >= limit * (1 - two.equal))
    beyond = np.abs(two.right) > limit
    if not beyond.any() or not two.is_(np.clip(two.right, -limit, limit)) or (at_limit < 2 and not _round(limit)):
        return ""
    return f"clipped at ±{limit:.4g}"


def _truncated(two: Two) -> str:
    at = two.axis("T")
    if at is None:
        return ""
    T = two.right.shape[at]
    for k in range(1, T):
        head, tail = two.part(at, slice(None, T - k)), two.part(at, slice(T - k, None))
        if zero(head) and tail.is_(tail.right):
            return "zero but for the last step" if k == 1 else f"truncated after {k} steps: zero before"
        if zero(tail) and head.is_(head.right):
            return f"zero at the last {k} steps" if k > 1 else "zero at the last step"
    return ""


def _accumulated(two: Two) -> str:
    at = two.axis("T")
    if at is None:
        return ""
    if two.is_(np.flip(np.cumsum(np.flip(two.right, at), axis=at), at)):
        return "accumulated: each step's is added to that of the steps after it"
    if two.is_(np.cumsum(two.right, axis=at)):
        return "accumulated: each step's is added to that of the steps before it"
    return ""


#: the simplest first
RULES: Sequence[Callable[[Two], str]] = (
    zero,
    ratio,
    _offset,
    _one_number,
    _transposed,
    _gates_permuted,
    _reversed,
    _shifted,
    _averaged,
    _clipped,
    _truncated,
    _accumulated,
)


def stacked_blocks(two: Two) -> list[Two]:
    """One per gate; empty where gates are not stacked in the array."""
    at = two.axis("A")
    if at is None or len(two.gates) < 2 or two.right.shape[at] % len(two.gates):
        return []
    H = two.right.shape[at] // len(two.gates)
    axes = (*two.axes[:at], "H", *two.axes[at + 1 :])
    return [replace(two.part(at, slice(k * H, (k + 1) * H)), axes=axes) for k in range(len(two.gates))]
