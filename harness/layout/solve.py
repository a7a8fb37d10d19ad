"""The layout solver: conventions found from shapes and the forward pass alone.

What no forward pass can tell is said beside the answer: which of two biases is the input's and which the recurrent one.
What the gradient is a multiple of is not its matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.layout.answers import Answer, Found, answer, differences, distinct, settled, wrong
from harness.layout.kinds import with_gates
from harness.layout.notation import gates
from harness.layout.probe import DRAWS, Evaluate, Probe
from harness.layout.search import OutOfTime, Search

#: relative distance of losses that are the same: of float64 code, and of code with float32 inside
_TOLERANCES = (1e-9, 1e-5)

#: of thousands of wrong guesses, some come about as near as this
_BY_CHANCE = 1e-2


@dataclass(frozen=True)
class Solution:
    """The layouts that fit, and what else there is to say, one sentence each."""

    layouts: tuple[Found, ...]
    unique: bool  #: whether nothing else fits, but for what no forward pass can tell
    also: tuple[str, ...]
    tried: tuple[str, ...]  #: where nothing fits: what was tried, and how near it came
    calls: int  #: of the candidate


def solve(
    evaluate: Evaluate,
    params: Mapping[str, Any],
    data: Mapping[str, Any],
    tick: Callable[[str, float], None] = lambda words, fraction: None,
    seconds: float = 60.0,
) -> Solution:
    """Layouts under which the equations' loss is the candidate's, for random values of all its arrays.

    ``evaluate`` calls the candidate and may raise for values that it cannot take; ``params`` and ``data`` are its
    example's, of which shapes and integers are used. ``tick`` is told what is being tried, and how far that is.
    """
    tick("shapes", 0.0)
    probe = Probe(evaluate, params, data)
    if not all(math.isfinite(probe.loss(probe.floats, draw)) for draw in range(DRAWS)):
        why = f"its loss on random values is not a finite number{f': {probe.refusal}' if probe.refusal else ''}"
        return Solution((), False, (), (why,), probe.calls)
    search = Search(probe, params, data, tick, seconds)
    ended, notes = "", []
    try:
        _run(search)
    except OutOfTime:
        ended = f"the search was ended after {seconds:g} s"
    tick("checking what fits", 0.95)
    fitting: list[Answer] = []
    for one in distinct([answer(search, guess) for guess in search.reached if not guess.unexplained]):
        why = wrong(search, one)
        if why:
            notes.append(why)
        else:
            fitting.append(settled(search, one))
    tick("done", 1.0)
    if not fitting:
        tried = (*_tried(search), *dict.fromkeys(notes), *([ended] if ended else []))
        return Solution((), False, (), tried, probe.calls)
    first = fitting[0]
    layouts = tuple(found for one in fitting for found in one.found)
    others = [differences(layouts[0], other) for other in layouts[1:]]
    rough = () if search.tolerance == _TOLERANCES[0] else ("the losses agree to float32 only",)
    other = [f"it fits as well: {words}" for words in others]
    also = (*rough, *first.certain, *first.open, *other, *([ended] if ended else []))
    return Solution(layouts, not others and not first.open and not ended, also, (), probe.calls)


def _run(search: Search) -> None:
    """Search at the first tolerance, and with the first factors, that come to anything."""
    for tolerance in _TOLERANCES:
        if search.near.distance > tolerance > search.tolerance:
            return  # nothing came so near
        search.tolerance = tolerance
        if search.run(any_factor=False) or search.run(any_factor=True):
            return


def _tried(search: Search) -> Iterator[str]:
    """Why nothing was found, as far as it is known."""
    cells = ", ".join(f"{cell} ({len(own)} {'gate' if len(own) == 1 else 'gates'})" for cell, own in gates().items())
    if not search.structures:
        shapes = ", ".join(f"{name} {shape}" for name, shape in search.shapes.items())
        yield f"the shapes fit no cell that we have: {cells}; they are {shapes or 'none'}"
    if any(with_gates("", 3, search.shapes, search.inputs)):
        yield "the shapes fit a cell with 3 gates, such as a GRU; no cell that we have has as many"
    if not search.structures:
        return
    kinds = "; ".join(
        dict.fromkeys(
            f"{one.cell} with {', '.join(f'{size}={value}' for size, value in one.sizes)}" for one in search.structures
        )
    )
    yield f"the shapes fit {kinds}; {search.guesses} guesses about what the arrays hold were compared"
    if search.reached:
        for guess in search.reached[:3]:
            lines = ", ".join(f'{name} "{text}"' for name, text in guess.lines)
            zero = " and ".join(guess.unexplained)
            it = f"it is this {guess.structure.cell}: {lines}"
            yield f"with {zero} at zero {it}; no cell that we have reads {zero} so"
    elif math.isfinite(search.near.distance):
        far = "no loss came near: " if search.near.distance > _BY_CHANCE else ""
        yield f"{far}the nearest was off by {search.near.distance:.1e} of itself, with {search.near.words}"
    if search.probe.refusal:
        yield f"some values it refused: {search.probe.refusal}"
