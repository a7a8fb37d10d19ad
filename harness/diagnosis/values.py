"""What a candidate's own adjoints are, as far as its gradients tell, and what they are in place of the right ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from harness.diagnosis.adjoints import SUMMED
from harness.diagnosis.backward import SEVERAL, Adjoint, Backward
from harness.diagnosis.box import Answered, Outside, parity
from harness.diagnosis.patterns import pattern
from harness.diagnosis.patterns_factors import instead
from harness.diagnosis.patterns_rules import same as same_values
from harness.diagnosis.patterns_time import residual
from harness.diagnosis.search import Seen
from harness.diagnosis.sums import of_sum, shares
from harness.diagnosis.texts import equations

#: what differs by less, relatively to the largest entry, is what rounding leaves of a system of equations
_SHOWS = 1e-7
#: likewise: what is left where a number is zero
_ZERO = 1e-11
#: fewer entries of one probe tell no pattern; those of all probes together may
_FEW = 4
#: the probes that tell most come first; a limit shows in a loud one only, an offset in a quiet one
_ORDER = ("base", "long", "loud", "quiet")
#: of the solved systems of a probe, so many are looked at for the alternatives of a unit
_ALTERNATIVES = 4
_ELSEWHERE = " of the "
_MISSING = (" in place of ", " lacks the factor ", " lacks the term ")


@dataclass(frozen=True)
class Wrong:
    """What one equation gives in the candidate, in place of what it would give of the candidate's own neighbours."""

    tag: str
    quantity: str
    error: float  #: worst difference ÷ largest right value
    where: str  #: at which steps, in words
    instead: str  #: "da_g lacks the factor (1 − g²)"; empty where no such thing is found
    pattern: str  #: "constant ratio 2"; empty likewise
    both: tuple[np.ndarray, np.ndarray] = field(compare=False, repr=False, default=(np.empty(0), np.empty(0)))
    #: what the candidate gives and what is right, relative to the largest right value

    @property
    def said(self) -> bool:
        """Whether there are words for it."""
        return bool(self.instead or self.pattern)


class Values:
    """The candidate's adjoints in all answered probes, with the broken equations of ``found`` lifted.

    ``tolerance``: by how much relations may be violated for other reasons, relative to the largest number in them.
    """

    def __init__(self, found: Outside, tolerance: float = 1e-8) -> None:
        self._found, self._tolerance = found, tolerance
        rank = {name: k for k, name in enumerate(_ORDER)}
        own = [one for one in found.answered if not one.probe.entries_only]
        self._answered = sorted(own, key=lambda one: rank.get(one.probe.name, len(_ORDER)))
        self._solved: dict[tuple[str, frozenset[str]], _Solved] = {}
        self._told: dict[tuple[str, ...], list[Wrong]] = {}

    def wrong(self, unit: Sequence[str]) -> list[Wrong]:
        """What each equation of a unit gives instead; none where nothing is known of it.

        Those with words come first, and of these the ones whose equation has what is missing or taken for another.
        """
        key = tuple(unit)
        if key not in self._told:
            found = [one for tag in key[:_ALTERNATIVES] if (one := self._best(tag, key)) is not None]
            self._told[key] = sorted(found, key=lambda one: (not one.said, not self._of_its_own(one)))
        return self._told[key]

    def _of_its_own(self, one: Wrong) -> bool:
        """Whether what is said to be missing, or in whose place another thing stands, is in the equation."""
        text = equations(self._answered[0].probe.case.model.cell).get(one.tag, "")
        return any(one.instead.rpartition(words)[2] in text for words in _MISSING if words in one.instead)

    def _best(self, tag: str, unit: Sequence[str]) -> Wrong | None:
        """The words that hold in every probe in which it is wrong; without words, where it is wrong."""
        lifted = frozenset([tag, *(other[0] for other in self._found.units if tuple(other) != tuple(unit))])
        seen: list[Wrong] = []
        for k, one in enumerate(self._answered):
            if k >= 2 and any(some.said for some in seen):  # base and long are enough
                break
            told = self._of(one, lifted).wrong(tag)
            best = next((some for some in told if some.said), max(told, key=lambda some: some.error, default=None))
            seen += [best] if best is not None else []
        return _common(seen)

    def _of(self, one: Answered, lifted: frozenset[str]) -> _Solved:
        key = (one.probe.name, lifted)
        if key not in self._solved:
            self._solved[key] = _Solved(self._found, one, lifted, self._tolerance)
        return self._solved[key]


def _common(seen: Sequence[Wrong]) -> Wrong | None:
    """What is told of one equation in two cases: what both say, as a size of one may look like a number."""
    if not seen:
        return None
    able = [some for some in seen if some.said or some.both[0].size >= _FEW] or seen
    one, two = able[0], able[1] if len(able) > 1 else able[0]
    text = next((some.instead for some in (one, two) if _ELSEWHERE in some.instead), "")  # a short probe never says it
    told = replace(
        one,
        error=max(some.error for some in seen),
        where=max((some.where for some in seen), key=len),
        instead=one.instead if one.instead == two.instead else text,
        pattern=_both(one.pattern, two.pattern),
    )
    if told.said or one.both[0].size >= _FEW:
        return told
    alike = [some.both for some in seen if some.quantity == one.quantity and some.both[0].shape == one.both[0].shape]
    wrong, right = (np.array([both[k] for both in alike]) for k in (0, 1))
    return replace(told, pattern=pattern(wrong, right, ("", *[""] * one.both[0].ndim), equal=_SHOWS))


def _both(one: str, two: str) -> str:
    """The alternatives of two patterns that are in both: "constant ratio 3 or T" and "constant ratio 10 or T"."""
    if one == two:
        return one
    head = next((head for head in ("mean for sum: constant ratio ", "constant ratio ") if one.startswith(head)), "")
    if not head or not two.startswith(head):
        return ""
    common = [text for text in one.removeprefix(head).split(" or ") if text in two.removeprefix(head).split(" or ")]
    return f"{head}{' or '.join(common)}" if common else ""


class _Solved:
    """The adjoints of one probe, solved for with some equations lifted; NaN where nothing tells them."""

    def __init__(self, found: Outside, one: Answered, lifted: Collection[str], tolerance: float) -> None:
        made = parity(one, found.structure)
        self._backward, self._grads = made.backward, one.grads
        seen = Seen(made, made.violated(one.grads, one.trace), tolerance)
        self._sound = seen.sound
        if seen.sound:  # nothing of it will be asked
            return
        out = [adjoint.quantity for adjoint in self._lifted(lifted, seen)]
        self.adjoints = _cleaned(made.adjoints(one.grads, one.trace, out))
        self._known = {q: not np.isnan(values).any() for q, values in self.adjoints.items()}
        filled = {q: np.nan_to_num(values) for q, values in self.adjoints.items()}
        with np.errstate(all="ignore"):
            self._right = self._backward.computed(filled)

    def _lifted(self, tags: Collection[str], seen: Seen) -> Iterator[Adjoint]:
        """The equations of these numbers; of sums what all of them share, where that alone explains them."""
        shared = {
            adjoint.tags[0]
            for adjoint in self._backward.equations
            if SEVERAL in adjoint.tags[0] and set(adjoint.tags[0].split(SEVERAL)) <= {*tags, *self._beside(tags)}
        }
        parts = {part for tag in shared for part in tag.split(SEVERAL)}
        if shared and not seen.explained([*shared, *(tag for tag in tags if tag not in parts)]):
            shared, parts = set(), set()
        for adjoint in self._backward.equations:
            tag = adjoint.tags[0]
            if tag in shared or (tag in tags and tag not in parts):
                yield adjoint

    def _beside(self, tags: Collection[str]) -> Iterator[str]:
        """What is the number of no equation that is seen here: sums that the candidate does not give."""
        given = {a.tags[0] for a in self._backward.equations if a.graded and np.isfinite(self._grads[a.graded]).any()}
        graded = {a.tags[0] for a in self._backward.equations if a.graded}
        yield from (tag for tag in graded if tag not in given and tag not in tags)

    def wrong(self, tag: str) -> list[Wrong]:
        """What the equations of that number give instead, of every quantity of which enough is known."""
        if self._sound:
            return []
        found = []
        for adjoint in self._backward.equations:
            if tag not in adjoint.tags[0].split(SEVERAL) or not all(self._known.get(q, True) for q in adjoint.reads):
                continue
            mine = self._grads.get(adjoint.graded) if adjoint.graded else self.adjoints[adjoint.quantity]
            if mine is not None and np.isfinite(mine).all():
                found += [self._told(tag, adjoint, mine)]
        return [one for one in found if one.error > _SHOWS]

    def _told(self, tag: str, adjoint: Adjoint, mine: np.ndarray) -> Wrong:
        back, quantity = self._backward, adjoint.quantity
        right = np.broadcast_to(self._right[quantity], mine.shape)
        largest = np.abs(right).max(initial=0.0)
        error = float(np.abs(mine - right).max(initial=0.0) / largest) if largest else np.inf if mine.any() else 0.0
        if not error > _SHOWS:
            return Wrong(tag, quantity, error, "", "", "")
        steps = mine.ndim == 3 and mine.shape[0] == back.T
        where = residual(np.abs(mine - right).max(axis=(1, 2))[np.newaxis] / (largest or 1.0)) if steps else ""
        if adjoint.graded in back.model.equations.PARAMETERS or adjoint.graded in ("W_hy", "b_y"):
            summed = shares(back, adjoint, {q: np.nan_to_num(values) for q, values in self.adjoints.items()})
            text, same = of_sum(mine, right, summed, back, self._around((back.T, back.B)))
        else:
            sizes = {"T": back.T, "B": back.B}
            same = pattern(mine, right, _axes(mine, back), back.model.equations.GATES, sizes, _SHOWS)
            text = "" if same else self._instead(quantity, mine, right)
        return Wrong(tag, quantity, error, where, text, same, (mine / (largest or 1.0), right / (largest or 1.0)))

    def _instead(self, quantity: str, mine: np.ndarray, right: np.ndarray) -> str:
        """What stands there; of stacked gates, what stands in the one that is wrong."""
        back = self._backward
        parts = back.parts_of(quantity)
        if not parts:
            return self._text(quantity, mine, right)
        whole = quantity.removesuffix(SUMMED)
        names = [f"{whole}_{gate}" for gate in back.model.equations.GATES]
        texts = []
        for name, own, its in zip(names, *(np.split(array, parts, axis=-1) for array in (mine, right)), strict=True):
            if np.abs(own - its).max() > _SHOWS * np.abs(right).max():
                texts += [self._text(name, own, its)]
        if not texts or not all(texts):
            return ""
        if whole == quantity:
            return "; ".join(texts)
        return "; ".join(_summed(text) for text in texts)

    def _text(self, quantity: str, mine: np.ndarray, right: np.ndarray) -> str:
        """What stands there, if it is not what is made of it, and no number that another sign would give as well."""
        readers = [one.quantity for one in self._backward.equations if one.reads == (quantity,) and not one.graded]
        made = {q for q in readers if same_values(self.adjoints[q], mine, _SHOWS)}  # copies of it
        around = self._around(mine.shape[:-1]) | self._arriving(quantity)
        own = {q: v for q, v in around.items() if q not in (quantity, *made)}
        text = instead(mine, right, own, quantity, _SHOWS)
        steps = " > 0)" in text and self._backward.model.activation != "relu"
        return "" if steps or "in place of (−" in text else text

    def _arriving(self, quantity: str) -> dict[str, np.ndarray]:
        """What the adjoint of a state reads as dh_next, dc_next: that which leaves the later step, or the end's."""
        states = self._backward.model.equations.STATES
        if quantity not in {f"d{state}" for state in states}:
            return {}
        pairs = [(self.adjoints[f"d{state}_next"], self.adjoints[f"d{state}_end"]) for state in states]
        both = [np.concatenate((leaving[1:], end[np.newaxis])) for leaving, end in pairs]
        known = zip(states, both, strict=True)
        return {f"d{state}_next": values for state, values in known if not np.isnan(values).any()}

    def _around(self, front: tuple[int, ...]) -> dict[str, np.ndarray]:
        """What stands around an equation: what forward gives, and the candidate's adjoints, of all steps or of one."""
        names = {state: f"{state}_{{t-1}}" for state in self._backward.model.equations.STATES}
        forward = {
            names.get(q, f"{q.removesuffix('_next')}_t" if q.endswith("_next") or q == "x" else q): values
            for q, values in self._backward.forward.items()
        }
        adjoints = {q: v for q, v in self.adjoints.items() if self._known[q] and not q.endswith(SUMMED)}
        around = {**forward, **adjoints}
        if len(front) == 1:
            first = {f"{q} of the first step": v[0] for q, v in around.items() if v.ndim == 3}
            last = {f"{q} of the last step": v[-1] for q, v in around.items() if v.ndim == 3}
            around = {**around, **first, **last}
        return {q: values for q, values in around.items() if values.shape[:-1] == front}


def _cleaned(adjoints: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Zero where solving leaves roundings only."""
    largest = max((np.nanmax(np.abs(values)) for values in adjoints.values() if np.isfinite(values).any()), default=0.0)
    return {q: np.where(np.abs(values) <= _ZERO * largest, 0.0, values) for q, values in adjoints.items()}


def _summed(text: str) -> str:
    """What is said of what a sum takes: "da_g holds dc" says that dc is summed in its place."""
    part, holds, other = text.partition(" holds ")
    return f"{other} is summed in place of {part}" if holds else f"of what is summed, {text}"


def _axes(array: np.ndarray, back: Backward) -> tuple[str, ...]:
    last = "A" if array.shape[-1] == back.H * len(back.model.equations.GATES) else "H"
    return (*("T", "B")[3 - array.ndim :], last) if array.ndim > 1 else (last,)
