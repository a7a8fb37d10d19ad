"""How far a declared trace is trusted: it tells broken equations apart, and is never by itself a reason to accuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.case import Case
from harness.diagnosis.backward import Backward
from harness.diagnosis.by_trace import Shown, shown
from harness.diagnosis.structures import Structure

if TYPE_CHECKING:
    from harness.diagnosis.box import Answered, Outside

#: Without one declared quantity so many broken equations fewer, and the quantity is what is declared wrongly: the
#: equation that gives it and one that reads it hold.
_MENDED = 2
#: A trace in which more than this share of the equations fail is not that of the gradients, if these need no more than
#: that share of them broken.
_FAILING, _NEEDED = 0.4, 0.5


@dataclass(frozen=True)
class Ways:
    """How answers are explained."""

    build: Callable[[Case, Structure | None], Backward]
    tell: Callable[[Shown], Outside]  #: by what a full trace shows
    explain: Callable[[Sequence[Answered]], Outside]  #: from outside, with whatever of a trace there is


def trusted(answered: Sequence[Answered], tolerance: float, ways: Ways) -> Outside:
    """What the answers come to with their trace, full or in part."""
    if not any(one.trace for one in answered):
        return _noted(ways.explain(answered), _left_out(answered))
    if any(one.declared.factor != 1 for one in answered):
        both = [trusted(_multiplied(answered, power), tolerance, ways) for power in (-1, 0)]
        return min(both, key=lambda found: (not found.explained, len(found.units), len(found.broken)))
    told = shown(answered, tolerance, ways.build)
    if all(_right(one, ways.build(one.probe.case, None), tolerance) for one in answered):
        found = ways.explain(_without(answered))
        return _noted(found, [*_left_out(answered), *(_contradicts(told) if told is not None else ())])
    found = _in_part(answered, ways) if told is None else _likely(ways.tell(told), answered, ways)
    return _noted(found, _left_out(answered))


def _in_part(answered: Sequence[Answered], ways: Ways) -> Outside:
    """Without a quantity that is declared wrongly, where there is one."""
    found, notes = ways.explain(answered), []
    names = list(dict.fromkeys(name for one in answered for name in one.trace))
    for name in names if len(found.units) >= _MENDED or not found.explained else ():
        other = ways.explain(_without(answered, name))
        if other.explained and (not found.explained or len(other.units) <= len(found.units) - _MENDED):
            answered, found = _without(answered, name), other
            notes.append(f"the declared {name} contradicts the gradients and was left out")
    return _noted(found, notes)


def _likely(traced: Outside, answered: Sequence[Answered], ways: Ways) -> Outside:
    """What the trace shows; what the gradients need broken, where nearly nothing holds in the trace, or all does."""
    if traced.units and len(traced.units) <= _FAILING * len(traced.visible):
        return traced
    plain = ways.explain(_without(answered))
    if plain.explained and (not traced.units or len(plain.units) <= _NEEDED * len(traced.units)):
        return _noted(plain, [*_contradicts(traced)])
    return traced


def _contradicts(told: Shown | Outside) -> Iterator[str]:
    tags = dict.fromkeys(tag for unit in told.units for tag in unit)
    if tags:
        yield f"the declared trace contradicts the gradients and was left out: in it {', '.join(tags)} fail"
    yield from told.notes


def _without(answered: Sequence[Answered], name: str | None = None) -> tuple[Answered, ...]:
    """Without one declared quantity, or without any."""
    return tuple(
        replace(one, trace={q: v for q, v in one.trace.items() if name is not None and q != name}) for one in answered
    )


def _multiplied(answered: Sequence[Answered], power: int) -> tuple[Answered, ...]:
    """With adjoints times a power of the factor that is declared of the gradients."""
    return tuple(
        replace(
            one,
            trace={q: v * one.declared.factor**power for q, v in one.trace.items()},
            declared=replace(one.declared, factor=1.0),
        )
        for one in answered
    )


def _right(one: Answered, backward: Backward, tolerance: float) -> bool:
    """Whether all gradients are right."""
    if one.probe.entries_only:  # made of the others
        return True
    for name, grad in one.grads.items():
        right = backward.right[f"d{name}"]
        with np.errstate(invalid="ignore"):
            if (np.abs(grad - right) > tolerance * np.abs(right).max(initial=0.0)).any():
                return False
    return True


def _left_out(answered: Sequence[Answered]) -> list[str]:
    """What does not fit; of the first case alone, as the others say the same of other sizes."""
    return list(answered[0].declared.notes)


def _noted(found: Outside, notes: Sequence[str]) -> Outside:
    return replace(found, notes=tuple(dict.fromkeys([*found.notes, *notes])))
