"""What is not finite, explained: by the candidate's own line where it has lines, else by the named equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from harness.candidates.failure import CandidateFailed
from harness.candidates.structure import as_array
from harness.nanwatch import equations, words
from harness.nanwatch.cures import SMALLER
from harness.trained import Explosion
from references.model import Model

if TYPE_CHECKING:
    from harness.candidates.process import Process
    from harness.laid import Laid

#: of numbers that grow where those of the equations do not
_MEND = "mend what it computes first: the right passes stay finite here, and compare --diagnose tells where it departs"

__all__ = ["by_lines", "explain", "in_lines", "sentences", "told"]


def by_lines(
    process: Process, params: Mapping[str, Any], data: Mapping[str, Any], update: int | None = None
) -> Explosion | None:
    """The candidate's first expression that is not finite while what it is made of is.

    ``params`` and ``data`` are in its own names. None where its answer is finite, and where it fails or takes too long
    once its file is instrumented.
    """
    for name, value in params.items():
        array = as_array(value)
        if array is not None and not np.isfinite(array).all():
            return equations.given(name, array, words.first(~np.isfinite(array)), None, update)
    try:
        told = process.watch(params, data)
    except CandidateFailed:
        return None
    if told is None:
        return None
    value = float(told["value"])
    inputs = [(str(name), str(text)) for name, text in told["inputs"]]
    if told["step"] is None and told["visit"]:
        inputs.append(("visit", f"the line was reached {told['visit']} times before"))
    return Explosion(
        update=update,
        kind=words.kind(value),
        quantity=told["quantity"],
        step=told["step"],
        index=tuple(told["index"]),
        value=value,
        equation=told["equation"],
        inputs=tuple(inputs),
        why=told["why"],
        cure=told["cure"],
        file=told["file"],
        line=told["line"],
        source=told["source"],
    )


@runtime_checkable
class Asked(Protocol):
    """A candidate with lines that was asked last with these params and data of its own."""

    @property
    def laid(self) -> Laid:
        """The candidate."""

    @property
    def asked(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Params and data."""


def explain(
    hand: object, model: Model, arrays: Mapping[str, np.ndarray], update: int | None = None
) -> Explosion | None:
    """The first quantity that is not finite at canonical ``arrays``: of a candidate its own line first.

    ``hand`` is what is under test or trained: its lines are known where it is `Laid` or `Asked`.

    Where that is known, it is said too whether the named equations stay finite at the same weights. A candidate without
    lines, and none at all, is explained by the named equations; None where those stay finite.
    """
    named = equations.by_equations(model, arrays, update)
    own = None if named is not None and named.equation == "given" else _own(hand, model, arrays, update)
    if own is None:
        return named
    cure = own.cure
    if named is None:
        beside = "the named equations stay finite at the same weights: it is how this program computes, not the weights"
        cure = _MEND if own.cure == SMALLER else cure
    else:
        step = "" if named.step is None else f", step {named.step}"
        beside = f"the named equations are not finite there either, first in {named.quantity}{step}: it is the weights"
    return replace(own, why=f"{own.why}; {beside}", cure=cure)


def _own(hand: object, model: Model, arrays: Mapping[str, np.ndarray], update: int | None) -> Explosion | None:
    from harness.laid import Laid  # which knows much that is rarely needed here

    if isinstance(hand, Laid):
        params, data = hand.layout.given(equations.complete(model, arrays), hand.params, hand.data)
        return by_lines(hand.process, params, data, update)
    return by_lines(hand.laid.process, *hand.asked, update) if isinstance(hand, Asked) else None


def told(under_test: object, model: Model, arrays: Mapping[str, np.ndarray]) -> str:
    """What is to be said of an answer that is not finite: see `sentences`; or that the equations do not explain it."""
    found = explain(under_test, model, arrays)
    return (
        "The named equations stay finite there: it is how this program computes" if found is None else sentences(found)
    )


def in_lines(process: Process, params: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """The same of a candidate whose lines are all that is known of it; empty where they explain nothing."""
    found = by_lines(process, params, data)
    return "" if found is None else sentences(found)


def sentences(found: Explosion) -> str:
    """Where it begins, why, and what would have prevented it: two sentences for a finding."""
    step = "" if found.step is None else f", step {found.step}"
    at = words.place(found.index)
    where = f"{found.file} line {found.line}: " if found.file else ""
    text = f"It begins in {found.quantity}{step}{at} ({where}{found.source or found.equation}): {found.why}."
    return f"{text} {found.cure[0].upper()}{found.cure[1:]}." if found.cure else text
