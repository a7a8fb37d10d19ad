"""A study and a casebook made by hand, for the pages that are made of them: sound ones, bad ones and hostile ones."""

from __future__ import annotations

from dataclasses import replace

import trainings
from pictured_runs import diagnosis, pictured_run

from harness.study import Alarms, FaultSeen, Singles, Smallest, Study
from reports.casebook_html import Casebook, Shown
from reports.training import run_of

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\x1b[31m\u202e{{ 7*7 }}"
HEADINGS = ["candidate", "expected", "found", "as expected", "about"]


def study(hostile: str = "") -> Study:
    """Five faults at two dtypes, all of which are seen."""
    faults = tuple(
        FaultSeen(f"lstm/{k}*h/zero", f"{k}*h", "zero", f"the adjoint never arrives{hostile}", 2, False, dtype, 0.3,
                  "seed 0" if k < 3 else "one step")
        for k in range(5) for dtype in ("float64", "float32")
    )  # fmt: skip
    return Study(
        command=f"python -m harness sensitivity{hostile}", created="2025-01-01T12:00:00+00:00", version="0.1.0",
        versions={"python": "3.11.9"}, platform="Linux x86_64", seconds=200.0, faults=faults, without_effect=7,
        smallest=(Smallest("float64", "element", 1e-14, 3e-14, 1e-13),),
        singles=(Singles("float64", 1e-12, 100, 100), Singles("float32", 1e-4, 100, 99)),
        alarms=(Alarms("torch", "float64", 100, 0, 2, 0.91, 900),), shapes=20, build_seconds=1.5, judge_seconds=30.0,
    )  # fmt: skip


def bad_study(hostile: str = "") -> Study:
    """One fault is not seen, and one sound gradient is called wrong."""
    good = study(hostile)
    missed = replace(good.faults[0], seen_by="")
    alarm = Alarms("torch", "float64", 99, 1, 2, 1.5, 900, (f"seed 3: W_hh differs{hostile}",))
    return replace(good, faults=(missed, *good.faults[1:]), alarms=(alarm,))


def casebook(hostile: str = "", departs: bool = False) -> Casebook:
    """One system of two candidates, the first of them in full, with its question's own numbers and a diagnosis."""
    judged = replace(trainings.judged(f"W_hh{hostile}"), elements=pictured_run().judgements[0].elements)
    run = run_of(trainings.agreeing(), judged)
    run = replace(run, command=f"python -m harness compare --candidate broken.py{hostile}", diagnosis=diagnosis())
    rows = [
        ["broken.py", "differ", "differ", "✓ yes", f"the adjoint never arrives{hostile}"],
        ["right.py", "agree", "differ" if departs else "agree", "✗ no" if departs else "✓ yes", "mended"],
    ]
    numbers = ("the question's own numbers", ["array", "theirs", "here"], [["Whh", "+0.1205", f"-0.1205{hostile}"]])
    return Casebook(
        title="1 departures from what is expected" if departs else "all is as expected",
        command="python -m harness casebook theano-versus-python",
        overview=[(f"theano-versus-python{hostile}", HEADINGS, rows)],
        departures=[f"right.py: verdict differ, expected agree{hostile}"] if departs else [],
        story=f"# The question\n\n    dh[t] += da[t]{hostile}\n",
        shown=[Shown(f"broken.py{hostile}", [numbers], [("By its own forward", run)])],
    )
