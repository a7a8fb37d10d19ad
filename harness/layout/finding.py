"""Finding the layout of a candidate's file, in lines to print."""

from __future__ import annotations

from collections.abc import Callable

from harness.candidates.process import CandidateFailed, Process
from harness.layout.solve import solve
from harness.own.draw import redrawn


def find(target: str, timeout: float, memory: float, progress: Callable[[str, float], None]) -> tuple[int, list[str]]:
    """The exit code and what there is to say: 0 found, 3 not found, 1 the candidate failed. Raises BadInput."""
    with Process(target, timeout, memory) as process:
        process.describe()
        try:
            params, data = redrawn(*process.example(0), seed=0)
            found = solve(lambda params, data: process.call(params, data, times=1), params, data, progress)
        except CandidateFailed as error:
            return 1, [f"the candidate failed: {error}"]
    if not found.layouts:
        return 3, ["no layout was found", *found.tried]
    lines = ["# paste into the candidate's file:", found.layouts[0].text, ""]
    beside = "it is the only one, up to what no forward can tell apart:" if found.unique else "others fit as well:"
    lines += [beside if found.also else "nothing else fits"]
    return 0, [*lines, *(f"  {words}" for words in found.also)]
