"""Asking a candidate for its adjoints step by step, in three calls more than there are steps at most."""

from __future__ import annotations

from collections.abc import Sequence

from harness.candidate import UnderTest
from harness.candidates.process import CandidateFailed
from harness.case import Case
from harness.commanded import FromFile
from harness.diagnosis.patient import Working
from harness.pictured import Adjoints
from harness.run import OWN_FORWARD, Finding, Judgement
from harness.stepwise.accumulated import accumulated
from harness.stepwise.asked import Questions
from harness.stepwise.carried import carried, way
from harness.stepwise.curve import Curve
from harness.stepwise.ghosts import by_ghosts
from harness.stepwise.seen import Seen
from references.protocol import Unavailable


def stepwise(
    under_test: UnderTest, cases: Sequence[Case], judgements: Sequence[Judgement], working: Working
) -> tuple[Adjoints | None, list[Finding]]:
    """The adjoints of a candidate on the case of its worst judgement, while its process is there to be asked.

    None where there is nobody to ask (gradients from a file), no case of a named cell, or nothing that it answers. What
    goes wrong here costs no verdict: then a finding says so.
    """
    chosen = None if isinstance(under_test, FromFile) else _chosen(cases, judgements)
    if chosen is None:
        return None, []
    try:
        return _found(Questions(under_test, *chosen, working), *chosen)
    except (CandidateFailed, Unavailable) as error:
        return None, [_lost(str(error))]
    except KeyboardInterrupt:  # of the steps alone: the verdict is there, and is told
        return None, [_lost("interrupted")]
    except MemoryError:
        raise
    except Exception as error:  # a fault of ours: no verdict is lost by it
        return None, [_lost(f"a fault of ours: {type(error).__name__}: {error}")]


def _lost(why: str) -> Finding:
    return Finding("not run", f"adjoints step by step: {why}")


def _chosen(cases: Sequence[Case], judgements: Sequence[Judgement]) -> tuple[Case, Judgement] | None:
    """The case that is shown in full, the first where none is, and what was judged of it."""
    made = {(case.fingerprint, case.model.cell): case for case in cases}
    pairs = [
        (made[key], one)
        for one in judgements
        if one.case.cell != OWN_FORWARD and one.rows and (key := (one.case.fingerprint, one.case.cell)) in made
    ]
    return next((pair for pair in pairs if pair[1].elements), pairs[0] if pairs else None)


def _found(ask: Questions, case: Case, judgement: Judgement) -> tuple[Adjoints | None, list[Finding]]:
    if ask.untrue:
        return None, [_lost(ask.untrue)]
    seen = _seen(ask, case)
    curves = [curve for one in seen for curve in one.curves]
    quantities = tuple(adjoint for curve in curves if (adjoint := curve.adjoint()) is not None)
    notes = [note for one in seen for note in one.notes]
    if not quantities:
        return None, [_lost(note) for note in notes]
    if any(row.verdict == "differ" for row in judgement.forward):
        notes.append("its forward pass departs from the cell's: its adjoints are those of another forward")
    ways = "; ".join(one.way for one in seen if one.way)
    told = f"{case.summary().title} · {case.source}"
    method = f"{ways}. Beside {ask.truth.NAME}, in {ask.calls} call{'s'[: ask.calls - 1]}"
    return Adjoints(told, method, quantities, (*notes, *_of(curves))), []


def _seen(ask: Questions, case: Case) -> list[Seen]:
    """What is seen of da, and of every state; of dh by added units where it is next to nothing."""
    exact = ask.exact(case)
    by_state = carried(ask, case, exact)  # first: a candidate that does not answer here is asked little else
    of_a, read = accumulated(ask, case, exact)
    T, first = case.sizes["T"], case.model.equations.STATES[0]
    known = _known(by_state[first])
    added = by_ghosts(ask, case, read) if read is not None and known < min(2, T) else Seen()
    if _known(added) > known:
        by_state.pop(first)
    else:
        added = added._replace(curves=(), way="")
    quantities = [curve.quantity for one in by_state.values() for curve in one.curves if curve.known]
    return [of_a, added, *by_state.values(), Seen(way=way(quantities, T) if quantities else "")]


def _known(seen: Seen) -> int:
    return max((curve.known for curve in seen.curves), default=0)


def _of(curves: Sequence[Curve]) -> list[str]:
    """What is to be said of the numbers."""
    silent = [f"{curve.quantity}: zero at all steps, so errors are in units of what rounding explains"
              for curve in curves if curve.silent and curve.adjoint() is not None]  # fmt: skip
    doubtful = [f"{curve.quantity}: at some steps rounding may explain any error" for curve in curves if curve.doubtful]
    return [*silent, *doubtful]
