"""Mend after mend, until every gradient is right: faults that hide one another are found one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.diagnosis.lines.choice import Chosen, chosen
from harness.diagnosis.lines.mends import Mend, changes
from harness.diagnosis.lines.search import Good, Search
from harness.diagnosis.lines.sites import Site
from harness.diagnosis.lines.trial import Trial

#: mends that may be needed: one for each gate of a line that serves several
_MOST = 12


@dataclass
class Step:
    """One mend, and the round in which it was found."""

    chosen: Chosen
    search: Search
    mend: Mend


@dataclass
class Mended:
    """What the rounds came to."""

    steps: list[Step] = field(default_factory=list)
    confirmed: bool = False
    first: Search | None = None
    late: bool = False


def mended(trial: Trial, check: Trial, sites: Sequence[Site], until: float, told: Callable[[], None]) -> Mended:
    """Mends until nothing is wrong on ``trial``, and on ``check``, a case of other sizes."""
    found = Mended()
    for _ in range(_MOST):
        told()
        search = Search(trial, sites, [step.mend for step in found.steps], until)
        found.first = found.first or search
        if not search.seen.wrong.any():
            break
        choice = chosen(_checked(search, check, found), search, sites)
        choice = choice or chosen(search.good(False), search, sites)
        found.late |= search.late
        if choice is None:
            return found
        found.steps.append(Step(choice, search, choice.good.mend))
    _spared(found, trial)
    found.confirmed = bool(found.steps) and _holds(found, trial) and _settled(found, check)
    return found


def _checked(search: Search, check: Trial, found: Mended) -> Iterator[Good]:
    """The mends that leave nothing wrong, on the other case too."""
    kept = [step.mend for step in found.steps]
    for good in search.good(True):
        for mend in (good.mend, *good.others):
            after = check.gradients(changes([*kept, mend], check.forms, check.T))
            if after is not None and not check.wrong(after).any():
                rest = tuple(one for one in (good.mend, *good.others) if one != mend)
                yield good._replace(mend=mend, others=rest)
                break


def _holds(found: Mended, trial: Trial) -> bool:
    after = trial.gradients(changes([step.mend for step in found.steps], trial.forms, trial.T))
    return after is not None and not trial.wrong(after).any()


def _spared(found: Mended, trial: Trial) -> None:
    """Leave out mends that later ones have made unnecessary."""
    for step in list(found.steps):
        rest = Mended([one for one in found.steps if one is not step])
        if rest.steps and _holds(rest, trial):
            found.steps = rest.steps


def _settled(found: Mended, check: Trial) -> bool:
    """Whether the mends hold on another case; of several that were equal on the first, those that do are taken."""
    for step in found.steps:
        best = None
        for mend in (step.chosen.good.mend, *step.chosen.good.others)[:12]:
            step.mend, before = mend, step.mend
            after = check.gradients(changes([one.mend for one in found.steps], check.forms, check.T))
            left = float("inf") if after is None else float(check.wrong(after).sum())
            if left == 0:
                return True
            if best is None or left < best[0]:
                best = left, mend
            step.mend = before
        assert best is not None
        step.mend = best[1]
    return _holds(found, check)
