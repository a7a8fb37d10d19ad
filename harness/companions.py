"""Small cases that accompany the given ones, so that what one case hides another shows.

A single step and many; cotangents of zero, tiny, ordinary and huge: clipping, offsets, truncation and what only shows
without, or only through, time then have no case to hide in. A gradient is linear in the cotangents, and powers of two
scale without rounding: one truth and one budget serve all scales.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from harness import truth as truths
from harness.budget import Budgets, budgets, scaled
from harness.case import Case, from_seed
from harness.errors import BadInput
from references.equations import losses
from references.model import Model
from references.protocol import Answer

#: Pairwise distinct, and none a default size.
SIZES: Mapping[str, int] = {"T": 5, "B": 3, "D": 4, "H": 8, "K": 6}
#: More steps than a truncation that the default case cannot see.
LONG: Mapping[str, int] = {"T": 40, "B": 2, "D": 3, "H": 5, "K": 4}
#: Cotangents at 0, about 1e-5 and about 1e6 times their ordinary size.
SCALES: Mapping[str, float] = {"ordinary": 1.0, "zero": 0.0, "tiny (÷ 2¹⁷)": 2.0**-17, "huge (× 2²⁰)": 2.0**20}
_FIXED_TARGETS = (*losses.ON_INDICES, "binary-cross-entropy", "sigmoid-half-squared-error")


#: a model and sizes → a case of them, drawn
Draw = Callable[[Model, Mapping[str, int]], Case]


@dataclass(frozen=True, eq=False)
class Companion:
    """A case with its truth and budgets, which no candidate changes."""

    case: Case  #: its ``source`` says what it is for
    truth_name: str
    truth: Answer
    budgets: Budgets


@cache
def of(model: Model, dtype: str, any_model: bool) -> tuple[Companion, ...]:
    """The companions of a model's cases. ``any_model``: the candidate takes every model, not only this one.

    None where no truth can be had on this machine. Made once in a process.
    """
    return tuple(_made(model, lambda model, sizes: from_seed(model, sizes, dtype), any_model))


def drawn_by(model: Model, draw: Draw, coarse: bool) -> tuple[Companion, ...]:
    """The companions of a candidate that takes the cases of ``draw`` only; ``coarse``: by the budgets of float32."""
    made = _made(model, draw, False)
    if not coarse:
        return tuple(made)
    return tuple(replace(one, budgets=budgets(one.case.at("float32"), one.truth)) for one in made)


def _made(model: Model, draw: Draw, any_model: bool) -> Iterator[Companion]:
    def at(sizes: Mapping[str, int], words: str) -> Case:
        return replace(draw(model, sizes), source=words)

    cotangent = model.loss == losses.COTANGENT
    if not cotangent:
        yield from _companion(at({**SIZES, "T": 1}, "one step"))
        drawn = at(SIZES, "five steps")
        yield from _companion(drawn)
        if model.loss not in _FIXED_TARGETS:
            yield from _companion(_with_huge_targets(drawn))
    if any_model or cotangent:
        model = replace(model, loss=losses.COTANGENT, readout=False)
        for one in _companion(at(SIZES, "cotangents")):
            yield from (_scaled(one, words, factor) for words, factor in SCALES.items())
        yield from _companion(at({**SIZES, "T": 1}, "one step of cotangents"))
        yield from _companion(at(LONG, "forty steps of cotangents"))
    else:
        yield from _companion(at(LONG, "forty steps"))
        if model.readout:
            yield from _companion(_with_large_readout(at(SIZES, "large readout")))


def known(case: Case) -> Companion:
    """A case with its truth and budgets. Raises BadInput where no truth can be had on this machine."""
    reference, reason = truths.choose(case)
    if reason:
        raise BadInput(f"truth: none can be had: {reason}")
    answer = reference.gradients(case.model, case.arrays)
    return Companion(case, reference.NAME, answer, budgets(case, answer))


def _companion(case: Case) -> Iterator[Companion]:
    with suppress(BadInput):
        yield known(case)


def _with_huge_targets(case: Case) -> Case:
    """Targets so far off that the cotangent of every prediction is huge."""
    factor = case.dtype.type(SCALES["huge (× 2²⁰)"])
    return replace(case, arrays={**case.arrays, "y": case.arrays["y"] * factor}, source="huge targets")


def _with_large_readout(case: Case) -> Case:
    """Weights of the readout so large that what reaches the states exceeds the limits that people clip at."""
    return replace(case, arrays={**case.arrays, "W_hy": case.arrays["W_hy"] * case.dtype.type(2.0**5)})


def _scaled(one: Companion, words: str, factor: float) -> Companion:
    cotangents = {name: array for name, array in one.case.arrays.items() if name.startswith("G")}
    arrays = {name: array * array.dtype.type(factor) for name, array in cotangents.items()}
    case = replace(one.case, arrays={**one.case.arrays, **arrays}, source=f"{words} cotangents")
    grads = {name: grad * np.longdouble(factor) for name, grad in one.truth.grads.items()}
    answer = one.truth._replace(loss=one.truth.loss * factor, grads=grads)
    return replace(one, case=case, truth=answer, budgets=scaled(case, one.budgets, factor))
