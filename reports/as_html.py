"""The run as one page for a browser: verdict first, worst first, every array as a map; it needs no network.

`notebook` is the same page in a frame of its own, so that neither its styles nor its script touch a notebook.
"""

from __future__ import annotations

from dataclasses import replace

from harness.run import Judgement, Run

from . import diagnosis, words
from .html import maps, steps, told
from .html.frame import framed
from .html.levels import RELATIVE_CLASSES
from .html.page import page

SUFFIXES = (".html",)


def render(run: Run) -> str:
    """The page: the judgement in full, or a line for each of several and the worst of them in full."""
    run = words.told(run)
    context = told.context(run)
    judgement = context["judgement"]
    drawn = () if judgement is None else maps.of_judgement(judgement)
    why = run.diagnosis
    diagnosed = None if why is None or why.map is None else maps.of_diagnosis(why.map)
    data = {f"map-{n}": one.data for n, one in enumerate(drawn)}
    if diagnosed is not None:
        data["map-diagnosis"] = diagnosed.data
    return page(
        "run.html.j2",
        styles=("maps.css", "run.css"),
        scripts=("maps.js",),
        data={"maps": data},
        run=run,
        diagnosis=diagnosis,
        grouped=told.grouped,
        maps=drawn,
        diagnosed_map=diagnosed,
        classes=RELATIVE_CLASSES,
        equations=None if why is None else told.equations(why),
        ending=() if why is None else [one for one in diagnosis.ending(why) if one[0] != "next"],
        cases=told.summary("Every case", run),
        gradients=told.rows("Gradients", () if judgement is None else told.worst_first(judgement.worst_rows())),
        every=told.rows("Every comparison", () if judgement is None else told.worst_first(judgement.rows)),
        forward=told.rows("Forward", () if judgement is None else judgement.forward),
        participants=None if judgement is None else told.participants(judgement),
        companions=told.summary("Companion cases", replace(run, judgements=run.companions)),
        steps=_steps(run, judgement),
        **context,
    )


def notebook(run: Run) -> str:
    """The page in a frame that may run its own script, and touch nothing outside."""
    return framed(render(run), "gradient comparison")


def _steps(run: Run, judgement: Judgement | None) -> steps.Steps | None:
    if run.adjoints is not None and run.adjoints.quantities:
        return steps.of_adjoints(run.adjoints)
    return None if judgement is None else steps.of_inputs(judgement)
