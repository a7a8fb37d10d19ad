"""A candidate as a black box: which of its equations are broken, as far as its gradients, and its trace, can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from harness.case import Case
from harness.diagnosis.asking import Asked
from harness.diagnosis.backward import SEVERAL, Backward
from harness.diagnosis.by_trace import Shown
from harness.diagnosis.declared import Declared, declared
from harness.diagnosis.parity import Parity
from harness.diagnosis.probes import QUIET, Probe, probes
from harness.diagnosis.search import Seen, explain
from harness.diagnosis.structures import Structure, structures
from harness.diagnosis.trusting import Ways, trusted
from harness.laid import Laid
from references.model import Model, fingerprint

#: What rounding leaves of a relation, relative to the largest number in it.
_TOLERANCE, _COARSE = 1e-8, 1e-4
#: Of mistakes of the loop and the tape, so many are tried together with broken equations.
_TRIED = 10
#: What such a mistake costs, an equation that is broken everywhere costing 1: it leaves nothing free.
_STRUCTURE = 0.6
#: Explanations of a lower cost are not worth such a search.
_PLAIN = 1.3


@dataclass(frozen=True)
class Answered:
    """A probe, and the gradients that the candidate gave of it."""

    probe: Probe
    grads: Mapping[str, np.ndarray]
    trace: Mapping[str, np.ndarray]  #: the declared adjoints
    declared: Declared = field(default_factory=Declared)  #: all that was declared

    @cached_property
    def seen(self) -> dict[str, np.ndarray]:
        """Which entries it gave."""
        return {name: np.isfinite(grad) for name, grad in self.grads.items()}


@dataclass(frozen=True)
class Outside:
    """What asking came to."""

    units: tuple[tuple[str, ...], ...]  #: broken equations by tag; those of one unit cannot be told apart
    structure: Structure | None  #: a mistake of the loop, the tape or the stacking, the first of the units
    answered: tuple[Answered, ...]
    visible: frozenset[str]  #: the tags of all equations that something would show
    explained: bool  #: whether, with these broken, all else holds
    notes: tuple[str, ...] = ()  #: what of a declared trace was not made use of, and why

    @property
    def broken(self) -> tuple[str, ...]:
        """All tags in the units."""
        return tuple(dict.fromkeys(tag for unit in self.units for tag in unit))


def outside(ask: Asked) -> Outside | None:
    """Ask the candidate about all probes, and explain what it answers. None where it answers nothing of use."""
    answered = tuple(_answered(ask))
    if not answered:
        return None
    return explained(ask.model, answered, tolerance_of(ask))


def tolerance_of(ask: Asked) -> float:
    """What rounding leaves of a relation of this candidate's."""
    return _COARSE if ask.coarse else _TOLERANCE


def _answered(ask: Asked) -> list[Answered]:
    found: dict[str, Answered] = {}
    for probe in probes(ask.model, ask.make):
        if ask.coarse and probe.name == QUIET:
            continue  # what is left of targets that are so near is rounding
        grads = ask(probe.case)
        if grads is not None and not any(np.isinf(grad).any() for grad in grads.values()):
            told = Declared()
            if ask.trace:
                told = declared(ask.trace, backward(probe.case, None), _factor(ask, probe.case))
            found[probe.name] = Answered(probe, grads, told.adjoints, told)
    silent = found.get("silent")
    for name, one in found.items():  # what comes of nothing comes here too
        if one.probe.entries_only and silent is not None:
            rest = {array: grad - silent.grads[array] for array, grad in one.grads.items()}
            found[name] = Answered(one.probe, rest, {})
    return [one for one in found.values() if not one.probe.entries_only or silent is not None]


def _factor(ask: Asked, case: Case) -> float:
    """What the candidate's gradients are declared to be a multiple by."""
    one = ask.under_test
    return one.about.multiple(case.sizes) if isinstance(one, Laid) else 1.0


def explained(model: Model, answered: Sequence[Answered], tolerance: float = _TOLERANCE) -> Outside:
    """What the answers come to, with the trace that is declared, as far as it can be trusted."""

    def tell(told: Shown) -> Outside:
        tags = frozenset(tag for one in backward(answered[0].probe.case, None).equations for tag in one.tags[:1])
        return Outside(told.units, told.structure, tuple(answered), tags, bool(told.units), told.notes)

    return trusted(answered, tolerance, Ways(backward, tell, lambda some: _explained(model, some, tolerance)))


def _explained(model: Model, answered: Sequence[Answered], tolerance: float) -> Outside:
    relations = _Relations(answered, tolerance)
    plain = relations.seen(None)
    visible = frozenset(tag for one in plain for tag in one.parity.tags)
    if all(one.sound for one in plain):
        return Outside((), None, tuple(answered), visible, True)
    best, chosen = explain(plain), None
    cost = best.cost if best else np.inf
    if cost > _PLAIN:
        ranked = relations.ranked(tuple(structures(model)))
        exact = next((one for one in ranked if relations.exact(one)), None)
        if exact is not None:
            return Outside((exact.tags,), exact, tuple(answered), visible, True)
        for structure in ranked[: 0 if best is not None and best.plain else _TRIED]:
            other = explain(relations.seen(structure), most=3, below=cost - _STRUCTURE)
            if other is not None:
                best, chosen, cost = other, structure, other.cost + _STRUCTURE
    if best is None:
        needed = tuple((tag,) for tag in sorted(visible) if any(one.needs(tag) for one in plain))
        return Outside(needed, None, tuple(answered), visible, False)
    units = _apart(best.units)
    return Outside((*((chosen.tags,) if chosen else ()), *units), chosen, tuple(answered), visible, True)


def _apart(units: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Equations that are broken together, each by itself."""
    for unit in units:
        if SEVERAL in unit[0]:
            yield from ((tag,) for tag in unit[0].split(SEVERAL))
        else:
            yield tuple(tag for tag in unit if SEVERAL not in tag)


class _Relations:
    """The relations of every answered probe, by the structure that backward is taken to have."""

    def __init__(self, answered: Sequence[Answered], tolerance: float) -> None:
        self._answered, self._tolerance = answered, tolerance

    def seen(self, structure: Structure | None) -> list[Seen]:
        """What is seen if backward has this structure."""
        found = []
        for one in self._answered:
            if structure is not None and one.probe.entries_only:
                continue
            own = parity(one, structure)
            required = self._entries(own.backward) if one.probe.entries_only else frozenset()
            found.append(Seen(own, own.violated(one.grads, one.trace), self._tolerance, required, self._offset))
        return found

    @cached_property
    def _offset(self) -> bool:
        """Whether something comes of cotangents that are all zero."""
        silent = [one for one in self._answered if one.probe.name == "silent"]
        return any(np.nan_to_num(grad).any() for one in silent for grad in one.grads.values())

    def _entries(self, backward: Backward) -> frozenset[str]:
        """The equations by which something comes in at the end of time, one of which is likely wrong.

        Where what comes in there from either side goes wrong by itself, but not alike, it is what enters.
        """
        first = backward.model.equations.STATES[0]
        enters = (f"G_{first}", f"d{first}_end")
        alone = [one for one in self._answered if one.probe.name in ("ends alone", "last step alone")]
        both = all(not self._last_right(one) for one in alone)
        names = enters if both and len(alone) > 1 else (*enters, "G", f"d{first}", f"d{first}_next")
        return frozenset(tag for q in names if q in backward.by_quantity for tag in backward.by_quantity[q].tags)

    def _last_right(self, one: Answered) -> bool:
        """Whether the accumulated adjoints of the last step are right."""
        T, B, _ = one.probe.case.arrays["x"].shape
        last = slice((T - 1) * B, T * B)
        right = parity(one, None).backward.right["dW_ih"]
        return _close(one.grads["W_ih"][:, last], right[:, last], self._tolerance)

    def ranked(self, possible: Sequence[Structure]) -> list[Structure]:
        """Those that explain more entries of the accumulated adjoints than the right structure, the best first."""
        plain = self._matching(None)
        scores = [(self._matching(structure), -k) for k, structure in enumerate(possible)]
        return [possible[-k] for score, k in sorted(scores, reverse=True) if score > plain]

    def exact(self, structure: Structure) -> bool:
        """Whether nothing but this structure is wrong."""
        return all(
            _close(grad[one.seen[name]], self._right(one, structure)[f"d{name}"][one.seen[name]], self._tolerance)
            for one in self._answered
            if not one.probe.entries_only
            for name, grad in one.grads.items()
        )

    def _matching(self, structure: Structure | None) -> int:
        count = 0
        for one in self._answered:
            if one.probe.name in ("base", "long"):
                right, grad = self._right(one, structure)["dW_ih"], one.grads["W_ih"]
                with np.errstate(invalid="ignore"):
                    count += int((np.abs(grad - right) <= self._tolerance * np.nanmax(np.abs(right), initial=0)).sum())
        return count

    def _right(self, one: Answered, structure: Structure | None) -> Mapping[str, np.ndarray]:
        return backward(one.probe.case, structure).right


def _close(one: np.ndarray, two: np.ndarray, tolerance: float) -> bool:
    largest = max(np.abs(one).max(initial=0.0), np.abs(two).max(initial=0.0))
    return bool((np.abs(one - two) <= tolerance * largest).all())


_KEPT: dict[object, object] = {}
_MANY = 1500


def _kept(key: object, make: Callable[[], object]) -> object:
    """What was made for the same case before: probes are the same for every candidate of the same arrays."""
    if key not in _KEPT:
        if len(_KEPT) > _MANY:
            _KEPT.clear()
        _KEPT[key] = make()
    return _KEPT[key]


def backward(case: Case, structure: Structure | None = None) -> Backward:
    """The equations of a probe's case, kept for the next candidate."""
    key = (case.model, case.fingerprint, structure.sentence if structure else "")
    made = _kept(key, lambda: structure.build(case) if structure else Backward(case))
    assert isinstance(made, Backward)
    return made


def parity(one: Answered, structure: Structure | None) -> Parity:
    """The relations of an answered probe, kept for the next candidate."""
    case = one.probe.case
    mask = tuple((name, seen.tobytes()) for name, seen in one.seen.items())
    about = (case.model, structure.sentence if structure else "", mask, tuple(one.trace))
    made = _kept((case.fingerprint, *about), lambda: _parity(one, structure, about))
    assert isinstance(made, Parity)
    return made


def _parity(one: Answered, structure: Structure | None, about: tuple[object, ...]) -> Parity:
    """Of probes that differ in what comes from outside alone, all but the constants is made once."""
    case = one.probe.case
    outside = ("G", "y", *case.model.optional)
    inside = fingerprint({name: array for name, array in case.arrays.items() if name not in outside})
    own = backward(case, structure)
    first = _kept((inside, *sorted(case.arrays), *about), lambda: Parity(own, one.seen, tuple(one.trace)))
    assert isinstance(first, Parity)
    return first if first.backward is own else first.at(own)
