"""Classes of fault that a case cannot see: each a condition on the arrays, and the faults that it hides.

A judgement draws a ``blind`` finding for a class only if none of its cases can see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from harness.case import Case
from harness.run import Finding


def findings(cases: Sequence[Case]) -> tuple[Finding, ...]:
    """The classes of fault to which every one of ``cases`` is blind."""
    seen = [{text for check in _CHECKS for text in check(case)} for case in cases]
    common = set.intersection(*seen) if seen else set()
    return tuple(Finding("blind", text) for text in sorted(common))


def _one_step(case: Case) -> Iterator[str]:
    if case.sizes["T"] == 1:
        yield "T = 1: nothing is carried from step to step, a missing or wrong carry through time cannot be seen"


def _one_batch_entry(case: Case) -> Iterator[str]:
    if case.sizes["B"] == 1:
        yield "B = 1: a mean over the batch in place of a sum, and mixed batch entries, cannot be seen"


def _equal_sizes(case: Case) -> Iterator[str]:
    # D and K never meet in one array, and in text they are equal by nature.
    letters = ["T", "B", "D", "H"] + (["K"] if case.model.readout else [])
    for one, two in combinations(letters, 2):
        if case.sizes[one] == case.sizes[two] and {one, two} != {"D", "K"}:
            yield f"{one} = {two}: a transpose or a sum over the wrong one of the two axes may fit by accident"


def _equal_gates(case: Case) -> Iterator[str]:
    gates = case.model.equations.GATES
    blocks = {
        gate: np.hstack([case.arrays[name].reshape(len(gates), case.sizes["H"], -1)[k] for name in _STACKED])
        for k, gate in enumerate(gates)
    }
    for one, two in combinations(gates, 2):
        if np.array_equal(blocks[one], blocks[two]):
            yield f"gates {one} and {two} have equal weights: exchanging them cannot be seen"


_STACKED = ("W_ih", "W_hh", "b_ih", "b_hh")


def _biases(case: Case) -> Iterator[str]:
    b_ih, b_hh = case.arrays["b_ih"], case.arrays["b_hh"]
    if case.model.biases > 0 and not (b_ih.any() or b_hh.any()):
        yield "all biases are zero: a bias that is missing, doubled or in the wrong gate cannot be seen"
    elif case.model.biases == 2 and np.array_equal(b_ih, b_hh):
        yield "b_ih = b_hh: one bias taken for the other cannot be seen"


def _initial_states(case: Case) -> Iterator[str]:
    for state in case.model.equations.STATES:
        if not case.arrays[f"{state}0"].any():
            yield f"{state}0 = 0: the initial state's share of the gradients cannot be seen"


def _cotangents(case: Case) -> Iterator[str]:
    G = case.arrays.get("G")
    if G is None:
        return
    if not G[:-1].any() and case.sizes["T"] > 1:
        yield "no cotangent before the last step: what enters the backward pass at the others cannot be seen"
    elif case.sizes["T"] > 1 and np.array_equal(G, G[::-1]):
        yield "the cotangent is the same forwards and backwards in time: reversed time cannot be seen"
    if G.any() and G.size > 1 and np.ptp(G) == 0:
        yield "every cotangent is the same number: one taken for another cannot be seen"
    for state in case.model.equations.STATES:
        given = case.arrays.get(f"G_{state}")
        if given is None or not given.any():
            yield f"no cotangent on the final {state}: how it enters the backward pass cannot be seen"


def _constant_inputs(case: Case) -> Iterator[str]:
    x = case.arrays["x"]
    if case.sizes["T"] > 1 and np.array_equal(x, x[::-1]):
        yield "the input is the same forwards and backwards in time: a step taken for another cannot be seen"


def _tiny_weights(case: Case) -> Iterator[str]:
    if np.abs(case.arrays["W_hh"]).max() < 0.01:
        yield "W_hh is below 0.01 throughout: what is carried, or cut off, through time hardly counts"


_CHECKS: tuple[Callable[[Case], Iterator[str]], ...] = (
    _one_step,
    _one_batch_entry,
    _equal_sizes,
    _equal_gates,
    _biases,
    _initial_states,
    _cotangents,
    _constant_inputs,
    _tiny_weights,
)
