"""The search for the line, as the candidate's worker does it: its file is instrumented, run, and mended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.diagnosis.lines.entries import Entry
from harness.diagnosis.lines.forms import LATER
from harness.diagnosis.lines.rounds import Mended, mended
from harness.diagnosis.lines.search import Search
from harness.diagnosis.lines.sites import Site
from harness.diagnosis.lines.told import Teller, Told, once
from harness.diagnosis.lines.trial import Call, Given, Trial
from harness.diagnosis.lines.watch import Watch

#: more wrong statements than these are no longer told from patches behind one that is out of reach
_STATEMENTS = 3
SUSPECTS = 5
NOWHERE = "what does not reach it rightly"
#: how a pair of cases ended
RIGHT, FAILED, DONE = "right", "failed", "done"


def work(
    call: Call,
    watch: Watch,
    cases: Sequence[Mapping[str, Any]],
    seconds: float,
    folder: str,
    alive: Callable[[float], None],
) -> dict[str, Any]:
    """Localise on the first of two cases, and check on the second. See `unpacked` for what a case is."""
    started = time.monotonic()
    trial, check = (Trial(call, watch, unpacked(case)) for case in cases)

    def told() -> None:
        alive(min(1.0, (time.monotonic() - started) / max(seconds, 1e-9)))

    why = trial.start() or check.start()
    if why:
        return _answer(FAILED, trial, check, notes=[why])
    trial.sort()
    first, again = trial.gradients({}), trial.gradients({})
    if first is None or again is None or trial.moved(first, again).any():
        return _answer(FAILED, trial, check, notes=["called twice, it answers differently: no line can be confirmed"])
    if not trial.wrong(first).any():
        return _answer(RIGHT, trial, check)
    found = mended(trial, check, watch.sites, started + seconds, told)
    teller = Teller(watch.sites, trial, folder)
    places, confirmed = _places(found, watch.sites, teller)
    notes = ["time ran out before every mend was tried"] if found.late and not confirmed else []
    if not confirmed:
        places = once(_suspects(found, places, watch.sites, teller, trial), SUSPECTS)
    return _answer(DONE, trial, check, places, confirmed, notes)


def unpacked(case: Mapping[str, Any]) -> Given:
    """A case as `harness.diagnosis.lines.localise` sends it."""
    entries = [Entry(name, tuple(axes), array, end) for name, axes, array, end in case["entries"]]
    return Given(case["params"], case["data"], case["loss"], case["right"], case["T"], entries, case["other"])


def _answer(
    how: str,
    trial: Trial,
    check: Trial,
    places: Iterable[Told] = (),
    confirmed: bool = False,
    notes: Iterable[str] = (),
) -> dict[str, Any]:
    return {
        "how": how,
        "places": list(places),
        "confirmed": confirmed,
        "notes": list(notes),
        "runs": trial.runs + check.runs,
    }


def _places(found: Mended, sites: Sequence[Site], teller: Teller) -> tuple[list[Told], bool]:
    """What was mended, and whether that is confirmed."""
    places = []
    for step in found.steps:
        certainty = "input" if step.chosen.missing else "confirmed"
        places.append(teller.place(step.chosen.good, step.mend, step.search, certainty))
        places += [teller.place(one, one.mend, step.search, "confirmed") for one in step.chosen.others]
    places = once(places)
    confirmed = found.confirmed and len(places) <= _STATEMENTS and not _loops(found, sites)
    return sorted(places, key=lambda place: place["certainty"] == "input"), confirmed


def _loops(found: Mended, sites: Sequence[Site]) -> list[int]:
    """Places in the table of sites in loops that go the wrong way: what is carried is mended in the order of time."""
    return [
        step.mend.key[0]
        for step in found.steps
        if step.mend.plan is not None
        and not step.mend.plan.backwards
        and len(found.steps) > 1
        and (step.mend.form[2] == LATER or step.mend.form[0].endswith("_next") or step.mend.form[0] in ("dh", "dc"))
        and sites[step.mend.key[0]].loop
    ]


def _suspects(found: Mended, places: list[Told], sites: Sequence[Site], teller: Teller, trial: Trial) -> Iterator[Told]:
    """Lines that may be wrong, the likeliest first."""
    for number in _loops(found, sites) if found.confirmed else ():
        site = sites[number]
        head = replace(site, line=site.loop, variable="")
        yield teller.suspect(head, "steps in the order of time", "steps from the last to the first")
    if found.first is not None:
        yield from _unknown(found.first, sites, teller)
        yield from _written(found.first, trial, sites, teller)
    for place in places:
        place["certainty"] = "suspect"
        yield place


def _unknown(search: Search, sites: Sequence[Site], teller: Teller) -> Iterator[Told]:
    """What is first made of right quantities and is none."""
    for number, event in enumerate(search.seen.events):
        key = event.site, event.path
        site = sites[event.site]
        if site.kind not in ("value", "result") or search.known(number) or not search.sound(key, number):
            continue
        if search.reaches(key):
            yield teller.suspect(site)


def _written(search: Search, trial: Trial, sites: Sequence[Site], teller: Teller) -> Iterator[Told]:
    """The lines that write into the arrays that are returned wrong."""
    for name in trial.named(search.seen.wrong):
        for given in sites:
            if given.name != name and f"'{name}'" not in given.variable:
                continue
            base = given.text.partition("[")[0]
            for site in sites:
                same = site.function == given.function and site.file == given.file and site.kind != "base"
                if same and site.assigned and site.variable.startswith((f"{base}[", f"{base}.", given.variable)):
                    yield teller.suspect(site, NOWHERE, f"what belongs to the gradient of {name}")
