"""A candidate whose forward pass is not that of the cell which it names: what it computes instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.case import Case
from harness.diagnosed import Diagnosis, Equation, Example, Fault
from harness.diagnosis import shrink, wording
from harness.diagnosis.asking import Asked
from harness.diagnosis.behind import behind
from harness.diagnosis.example import longest, smallest
from harness.diagnosis.example_wrong import Wrong
from harness.diagnosis.forward import Forward, departs
from harness.diagnosis.sentences import sentence
from harness.diagnosis.texts import forward_equations
from harness.run import OWN_FORWARD, Judgement

_SECONDS, _EXAMPLE = 10.0, 15.0
_NO_LINES = "lines are looked for once forward is the named cell's: until then no right value is known"


def diagnose(ask: Asked, failing: Sequence[Judgement], working: Callable[[str, float], None]) -> Diagnosis:
    """What is told of forward; of backward, whether it is right for the forward that is there."""
    working("forward equations", 0.0)

    def loss_of(case: Case) -> tuple[float, Mapping[str, np.ndarray]] | None:
        return None if ask(case) is None or np.isnan(ask.loss) else (ask.loss, ask.trace)

    found = departs(loss_of, ask.model, ask.make, seconds=_SECONDS, coarse=ask.coarse)
    best = found[0] if found else None
    working("equations", 0.5)
    own = behind(ask, best) if best else None
    told = tuple(Fault((tag,), best.sentence) for tag in best.tags[:1]) if best else ()
    text = f"forward is not the named cell's: {best.sentence}" if best else "forward is not the named cell's"
    if own is not None and own.faults:
        text = f"{text}; for that forward {sentence(ask.model, own.faults)}"
    example, notes = _example(ask, failing, working)
    return Diagnosis(
        sentence=text,
        equations=(*_listed(ask, best), *(wording.listed(ask.model, own.found, own.values) if own else ())),
        faults=(*told, *(own.faults if own else ())),
        example=example,
        step="mend forward first, or name the cell that it is; then compare again" if best else "",
        method="black box",
        calls=ask.calls,
        notes=(*_others(found), *_backward(failing), _NO_LINES, *notes),
    )


def _listed(ask: Asked, best: Forward | None) -> tuple[Equation, ...]:
    texts = forward_equations(ask.model.cell)
    broken = set(best.tags) if best else set()
    return tuple(
        Equation(tag, text, "", "broken" if tag in broken else "holds" if best else "untested")
        for tag, text in texts.items()
        if ask.model.readout or tag != "6"
    )


def _others(found: Sequence[Forward]) -> tuple[str, ...]:
    if len(found) < 2:
        return ()
    return (f"the loss cannot tell it from: {'; '.join(one.sentence for one in found[1:4])}",)


def _backward(failing: Sequence[Judgement]) -> tuple[str, ...]:
    own = [judgement for judgement in failing if judgement.case.cell == OWN_FORWARD]
    if not own:
        return ()
    rows = dict.fromkeys(row.array for judgement in own for row in judgement.rows if row.verdict == "differ")
    return (f"backward is wrong for the candidate's own forward too: {', '.join(rows)}",)


def _example(
    ask: Asked, failing: Sequence[Judgement], working: Callable[[str, float], None]
) -> tuple[Example | None, tuple[str, ...]]:
    if missing := shrink.missing():
        return None, (missing,)
    sizes = longest(failing)
    wrong = Wrong(ask.under_test, forward=True)
    found = smallest(ask.under_test, ask.model, sizes, wrong, seconds=_EXAMPLE, progress=working)
    return (found.example if found else None), ()
