"""Why a candidate differs: its broken equations, the line, what stands there instead, the smallest counterexample."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.brought import Brought
from harness.candidate import UnderTest
from harness.candidates.process import CandidateFailed
from harness.commanded import Commanded, FromFile
from harness.diagnosed import Diagnosis, Example, Fault, Place
from harness.diagnosis import beside, by_file, by_own, departing, parts, resolving, shrink, sizing, wording
from harness.diagnosis.backward import models
from harness.diagnosis.box import Outside
from harness.diagnosis.example import longest, smallest
from harness.diagnosis.example_wrong import Wrong
from harness.diagnosis.lines.localise import Localised, localise
from harness.diagnosis.maps import map_of
from harness.diagnosis.patient import Patient, Working
from harness.diagnosis.sentences import sentence
from harness.laid import Laid
from harness.run import OWN_FORWARD, Judgement
from references.model import Model

#: seconds at most for the lines, and for the counterexample
LINES, EXAMPLE = 10.0, 30.0
#: so many equations that do not show are worth a word
_MANY = 3
_TRACE = "a declared trace would show every equation"
_NO_LAYOUT = "it is no Python file with a layout, so that no line can be told"


def diagnose(tested: UnderTest | Brought, judgements: Sequence[Judgement], working: Working) -> Diagnosis | None:
    """The diagnosis of a candidate some of whose ``judgements`` are ``differ``; None where none is.

    ``working`` is told what is being done, and which share of it is. Raises CandidateFailed where the candidate fails
    before anything can be said of it; where it fails later, that is a note.
    """
    failing = [judgement for judgement in judgements if judgement.verdict == "differ"]
    if not failing:
        return None
    started = time.perf_counter()
    under_test = tested.laid if isinstance(tested, Brought) else tested
    if under_test is None:
        assert isinstance(tested, Brought)
        found = by_own.diagnose(tested, failing, working)
    elif isinstance(under_test, FromFile):
        found = by_file.diagnose(failing)
    else:
        found = _named(under_test, failing, working)
    return replace(beside.told(found, failing), seconds=time.perf_counter() - started)


def _named(under_test: UnderTest, failing: Sequence[Judgement], working: Working) -> Diagnosis:
    """Of a candidate whose arrays are those of a named cell."""
    model = _model(under_test, failing)
    if model is None or not models(model):
        return Diagnosis("the named cell has no hand-derived equations here to test the candidate's by")
    ask = Patient(under_test, model, failing[0].case.dtype, working)
    ask.coarse |= any(one.name == "low precision" for judgement in failing for one in judgement.findings)
    if any(row.verdict != "agree" for judgement in failing for row in judgement.forward):
        return departing.diagnose(ask, failing, working)
    found = sizing.asked(ask)
    lines = _lines(under_test, ask, working)
    if found is not None:
        found = resolving.resolved(found, lines.places)
    told = wording.named(ask, found) if found is not None else None
    example, notes = _example(ask, failing, working)
    faults = told.faults if told is not None else ()
    return Diagnosis(
        sentence=_sentence(model, found, faults),
        places=lines.places,
        localised=lines.confirmed,
        equations=wording.listed(model, told.found if told else None, told.values if told else None),
        faults=faults,
        map=map_of(found.answered) if found is not None else None,
        example=example,
        step=_step(lines.places, faults, example),
        method=_method(found),
        calls=ask.calls,
        notes=(*_seen(told.found if told else None), *lines.notes, *notes),
    )


def _model(under_test: UnderTest, failing: Sequence[Judgement]) -> Model | None:
    if isinstance(under_test, Laid):
        return under_test.layout.model
    case = next((judgement.case for judgement in failing if judgement.case.cell != OWN_FORWARD), None)
    if case is None or case.biases is None or case.readout is None:
        return None
    return Model(case.cell, case.activation, case.loss, case.reduction, case.biases, case.readout)


def _sentence(model: Model, found: Outside | None, faults: Sequence[Fault]) -> str:
    if found is None:
        return "the candidate does not take the small cases that tell equations apart"
    if not found.units:
        return "no equation shows to be broken at small sizes: what differs needs the case that shows it"
    return sentence(model, faults)


def _lines(under_test: UnderTest, ask: Patient, working: Working) -> Localised:
    if not isinstance(under_test, Laid):
        what = "a command's source is not looked into" if isinstance(under_test, Commanded) else _NO_LAYOUT
        return Localised((), False, (what,), 0)
    if ask.hangs:
        return Localised((), False, ("it did not answer in time, so that no line was looked for",), 0)
    try:
        return localise(under_test, lambda _, share: working("lines", share), LINES)
    except CandidateFailed as error:
        return Localised((), False, (f"no line was found: {error}",), 0)


def _example(ask: Patient, failing: Sequence[Judgement], working: Working) -> tuple[Example | None, tuple[str, ...]]:
    if missing := shrink.missing():
        return None, (missing,)
    if ask.hangs:
        return None, ()
    sizes = longest(failing)
    wrong = Wrong(ask.under_test, _arrays(failing))
    try:
        found = smallest(ask.under_test, ask.model, sizes, wrong, seconds=EXAMPLE, progress=_as_example(working))
    except CandidateFailed as error:
        return None, (f"no counterexample was found: {error}",)
    if found is None:
        return None, ("no small case shows it: the counterexample is the case above",)
    return found.example, ()


def _as_example(working: Working) -> Callable[[str, float], None]:
    return lambda _, share: working("counterexample", share)


def _arrays(failing: Sequence[Judgement]) -> tuple[str, ...]:
    """The candidate's names of the arrays that are wrong."""
    rows = (row for judgement in failing for row in judgement.rows if judgement.case.cell != OWN_FORWARD)
    return tuple(dict.fromkeys(row.array for row in rows if row.verdict == "differ"))


def _method(found: Outside | None) -> str:
    traced = sorted({name for one in (found.answered if found else ()) for name in one.trace})
    return f"declared trace of {', '.join(traced)}" if traced else "black box"


def _seen(found: Outside | None) -> tuple[str, ...]:
    """What could not be seen, and what would make it seen."""
    if found is None:
        return ()
    hidden = parts.unseen(found)
    if not found.explained:
        told = f"more is broken than can be told apart from outside: {_TRACE}"
    elif len(hidden) >= _MANY:
        others = f"as long as these are broken, {len(hidden)} other equations do not show"
        told = f"{others}: {_TRACE}, or mend and compare again"
    elif any(len(unit) > 1 for unit in found.units):
        told = f"{_TRACE}, also those that cannot be told apart from outside"
    else:
        return found.notes
    return (told, *found.notes)


def _step(places: Sequence[Place], faults: Sequence[Fault], example: Example | None) -> str:
    """One proposed next step."""
    sure = next((place for place in places if place.certainty != "suspect"), None)
    if sure is not None and sure.should:
        return f"mend {sure.file}, line {sure.line}: {sure.variable} must hold {sure.should}; then compare again"
    worded = [fault for fault in faults if "use " in fault.instead and wording.NO_WORDS not in fault.sentence]
    use = next((fault.instead.rpartition("use ")[2] for fault in worded), "")
    if use:
        return f"find the line that computes {use}, and compare again"
    if places:
        return f"look at {places[0].file}, line {places[0].line}; then compare again"
    return "work the counterexample by hand, step by step" if example is not None else ""
