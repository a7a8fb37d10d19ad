"""The simplest explanation of what was seen: which equations, lifted, leave nothing unexplained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np

from harness.diagnosis.adjoints import SEVERAL, SUMMED
from harness.diagnosis.parity import Parity

#: Of so many broken equations at most is a set looked for.
MOST = 4
#: So many sets are tried; those of up to three equations always are.
_SETS = 4000
#: Costs that differ by less do not tell explanations apart.
_EQUAL = 0.1
#: So many numbers that are left free cost as much as one more broken equation.
_WEIGHT = 200.0
#: What makes equations whose bases overlap no trouble, far below what is looked for.
_RIDGE = 1e-12
#: What it costs that something comes of an equation that reads nothing but zero; to explain a case by none of the
#: equations that it was made for, which is likelier than one more that is broken; and to leave nothing to be explained.
_ODD, _UNLIKELY, _EMPTY = 1.3, 0.9, 3.0
#: What another quantity of the same line costs, of what it would cost by itself.
_TOGETHER = 0.5
#: What it costs that an equation is broken at one step of two, and at most.
_PARTLY, _MOSTLY = 2.0, 0.5
#: A relation reads what it multiplies by more than this.
_VISIBLE = 1e-9
#: Relative to the largest entry of a quantity: what is needed of it.
_USED = 1e-6


class Cost(NamedTuple):
    """What it costs that an equation is broken."""

    whole: float  #: 1, more where it is needed of what reads nothing, and what is stacked costs as its parts do
    partly: float  #: for the steps at which it is right


_NOTHING = Cost(0.0, 0.0)


@dataclass(frozen=True)
class Explanation:
    """Equations that explain everything, in units: those of one unit cannot be told apart."""

    units: tuple[tuple[str, ...], ...]
    cost: float  #: 1 for every equation that is broken, more where it is so in odd parts only
    plain: bool = True  #: whether nothing is odd about it: every equation is broken at all steps


class Seen:
    """A case's relations, and by how much a candidate violates them."""

    def __init__(
        self,
        parity: Parity,
        violated: np.ndarray,
        tolerance: float,
        required: frozenset[str] = frozenset(),
        offset: bool = False,
    ) -> None:
        self.parity, self.violated, self.tolerance = parity, violated, tolerance
        self.offset = offset  #: something comes of nothing
        self.required = required  #: where it is not sound, one of these is likely broken
        self.sound = bool(np.abs(violated).max(initial=0.0) <= tolerance)
        self._towards = parity.bases.T @ violated
        self._explained: dict[frozenset[str], bool] = {}
        self._costs: dict[tuple[str, ...], dict[str, Cost]] = {}

    @cached_property
    def _readings(self) -> frozenset[str]:
        """The equations by whose gradients the steps' adjoints are read: without any of them, all can be explained."""
        back = self.parity.backward
        read = {q for q in back.by_quantity if q.endswith(SUMMED)}
        whole = read | {q.removesuffix(SUMMED) for q in read}
        found = [one.tags[0] for one in back.equations if one.graded and whole & set(one.reads)]
        return frozenset(tag for tag in found if self.parity.places(tag).size)

    def needs(self, tag: str) -> bool:
        """Whether not even all other equations together explain everything."""
        return bool(np.abs(self.parity.only(tag).T @ self.violated).max(initial=0.0) > self.tolerance)

    def explained(self, tags: Sequence[str]) -> bool:
        """Whether lifting these equations explains everything."""
        if self.sound or not tags:
            return self.sound
        key = frozenset(tags)
        if key not in self._explained:
            at, along = self._along(tags)
            rest = self.violated - self.parity.bases[:, at] @ along if at.size else self.violated
            self._explained[key] = bool(np.abs(rest).max() <= self.tolerance)
        return self._explained[key]

    def _along(self, tags: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The columns of the bases that these equations have, and how much of each explains most of what is seen."""
        at = np.concatenate([self.parity.places(tag) for tag in tags])
        gram = self.parity.gram[np.ix_(at, at)] + _RIDGE * np.eye(at.size)
        along: np.ndarray = np.linalg.solve(gram, self._towards[at]) if at.size else np.empty(0)
        return at, along

    def costs(self, tags: Sequence[str]) -> dict[str, Cost]:
        """What it costs that these equations are broken; what is odd about all of them together is under no tag."""
        key = tuple(tags)
        if key not in self._costs:
            self._costs[key] = self._weighed(tags)
        return self._costs[key]

    def _weighed(self, tags: Sequence[str]) -> dict[str, Cost]:
        _, along = self._along(tags)
        ends = np.cumsum([self.parity.places(tag).size for tag in tags])
        lifted = [
            (tag, quantity, numbers)
            for tag, own in zip(tags, np.split(along, ends[:-1]), strict=True)
            if own.size
            for quantity, numbers in self.parity.lifted(tag, own).items()
        ]
        largest = max((np.abs(numbers).max(initial=0.0) for *_, numbers in lifted), default=0.0)
        found = dict.fromkeys(tags, _NOTHING)
        for tag, quantity, numbers in lifted:
            used = np.abs(numbers) > _USED * largest
            if used.any():
                cost, before = self._cost(tag, quantity, used.reshape(-1)), found[tag]
                graded = self.parity.backward.by_quantity[quantity].graded  # one wrong sum often makes several
                if graded or not before.whole:
                    found[tag] = max(before, cost, key=lambda one: one.whole)
                else:
                    found[tag] = Cost(before.whole + _TOGETHER * cost.whole, max(before.partly, cost.partly))
        odd = bool(self.required) and not self.required.intersection(tags)
        every = sum(self.parity.places(tag).size for tag in tags) >= len(self.violated)
        empty = every or (bool(self._readings) and self._readings <= set(tags))
        return found | {"": Cost(_UNLIKELY * odd + _EMPTY * empty, 0.0)}

    def _cost(self, tag: str, quantity: str, used: np.ndarray) -> Cost:
        back = self.parity.backward
        if back.by_quantity[quantity].graded:  # sums may be wrong in part
            return Cost(1.0, 0.0)
        right = back.right[quantity]
        whole = used.reshape(right.shape)
        axes = tuple(range(1, right.ndim)) if right.ndim == 3 else tuple(range(right.ndim))
        visible = (np.abs(self.parity.columns(quantity)).max(axis=0, initial=0.0) > _VISIBLE).reshape(right.shape)
        needed, possible = whole.any(axis=axes), (right.astype(bool) & visible).any(axis=axes)
        silent = not self.offset and not self.required  # where what cancels is not asked for
        nothing = ~right.any(axis=axes)  # it reads nothing but zero there
        odd = _ODD if silent and (needed & nothing).any() else 0.0
        partly = min(_PARTLY * float(possible.sum() / needed.sum() - 1), _MOSTLY)
        parts = back.parts_of(quantity) or int(SEVERAL in tag)
        if not parts:
            return Cost(1.0 + odd, max(partly, 0.0))
        # what is stacked costs as much as its parts together, and more than they where some are right
        blocks = float(whole.reshape(*whole.shape[:-1], parts, -1).any(axis=(0, 1, 3)).sum())
        all_of_them = blocks == parts and SEVERAL not in tag
        return Cost(blocks - 0.5 if all_of_them else blocks + 0.5, max(partly, 0.0))

    def cheapest(self, tags: Sequence[str]) -> tuple[str, ...]:
        """Those of the equations that explain this case most cheaply."""
        some = [part for size in range(1, len(tags) + 1) for part in combinations(tags, size) if self.explained(part)]
        return min(some, key=lambda part: sum(sum(cost) for cost in self.costs(part).values()))


def explain(seen: Sequence[Seen], most: int = MOST, below: float = np.inf) -> Explanation | None:
    """The set of lowest cost that explains every case; None where none of up to ``most``, or ``below`` a cost, does."""
    search = _Search(seen)
    found: list[_Found] = []
    tried = 0
    for size in range(len(search.needed), max(most, len(search.needed)) + 1):
        if size >= min([below, *(one.cost for one in found)]):
            break
        for more in combinations(search.others, size - len(search.needed)):
            tags, tried = (*search.needed, *more), tried + 1
            if tried > _SETS:
                break
            if any(set(tags) > set(one.tags) for one in found) and search.least(tags) >= min(one.cost for one in found):
                continue
            if search.explained(tags):
                found.append(search.weighed(tags))
    found = sorted((one for one in found if one.cost < below), key=lambda one: one.cost)
    if not found:
        return None
    best = found[0]
    plain = best.cost < search.least(best.tags) + _EQUAL
    return Explanation(tuple(_units([one for one in found if one.cost < best.cost + _EQUAL])), best.cost, plain)


@dataclass(frozen=True)
class _Found:
    """A set that explains everything: an equation for each class, what could stand for it, and the cost."""

    tags: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]  #: of each, those of its class that fit as well
    cost: float


class _Search:
    """The classes of equations that nothing tells apart, and what sets of them cost."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self._failing = [one for one in seen if not one.sound]
        self._named = _classes(seen)
        self._freedom = {tag: max(one.parity.places(tag).size for one in seen) / _WEIGHT for tag in self._named}
        #: those without which not even all others explain everything
        self.needed = [tag for tag in self._named if any(one.needs(tag) for one in self._failing)]
        self.others = [tag for tag in self._named if tag not in self.needed]

    def explained(self, tags: Sequence[str]) -> bool:
        """Whether these explain every case."""
        return all(one.explained(tags) for one in self._failing)

    def least(self, tags: Sequence[str]) -> float:
        """What a set costs at least, where all of it is needed."""
        return len(tags) + sum(self._freedom[tag] for tag in tags)

    def weighed(self, tags: tuple[str, ...]) -> _Found:
        """What a set costs: of every class the equation that fits best, in the case where it fits worst."""
        costs: dict[str, list[Cost]] = {name: [] for tag in tags for name in self._named[tag]}
        beside = 0.0
        for one in self._failing:
            part = one.cheapest(tags)
            own = one.costs(part)
            beside = max(beside, own[""].whole)
            for tag in part:
                for name in self._named[tag]:
                    other = own if name == tag else one.costs([name if t == tag else t for t in part])
                    costs[name].append(other[name])
        # an equation may be broken in part in one case, but in all of them?
        worst = {
            name: max(one.whole for one in some) + min(one.partly for one in some) if some else 0.0
            for name, some in costs.items()
        }
        least = {tag: min(worst[name] for name in self._named[tag]) for tag in tags}
        names = {tag: tuple(name for name in self._named[tag] if worst[name] < least[tag] + _EQUAL) for tag in tags}
        return _Found(tags, names, sum(least.values()) + beside + sum(self._freedom[tag] for tag in tags))


def _classes(seen: Sequence[Seen]) -> dict[str, list[str]]:
    """The equations that the relations can see, those that nothing tells apart together."""
    classes: dict[str, list[str]] = {}
    for tag in dict.fromkeys(tag for one in seen for tag in one.parity.tags):
        same = next((first for first in classes if all(one.parity.same(first, tag) for one in seen)), tag)
        classes.setdefault(same, []).append(tag)
    return classes


def _units(best: Sequence[_Found]) -> Iterator[tuple[str, ...]]:
    """Each member of the first set with whatever could stand in its place."""
    sets = {frozenset(one.tags): one for one in best}
    everything = list(dict.fromkeys(tag for one in best for tag in one.tags))
    for tag in best[0].tags:
        others = frozenset(best[0].tags) - {tag}
        instead = [other for other in everything if other != tag and others | {other} in sets]
        unit = [best[0].names[tag], *(sets[others | {other}].names[other] for other in instead)]
        yield tuple(dict.fromkeys(name for names in unit for name in names))
