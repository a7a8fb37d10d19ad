"""The budget: the largest error that rounding explains, per element; everything that a verdict allows is computed here.

`references.rounding` gives `SAMPLES` noisy sound gradients at the case's dtype. Their largest error against truth,
pooled over the element's row and over its column within a gate (the smaller of the two counts), is how large a sound
error gets there. A candidate's error is one more draw, so the budget is `FACTOR` times the pooled maximum: of nine
normal draws, the last exceeds eight times the largest of the others with a chance of 1e-6, and a pool of more elements
makes that less. Fewer samples need a far larger factor (4: 33), more a smaller one (16: 4.1).

That holds while errors are small enough to add up: the draws then share one distribution. Where rounding moves the
quantities of forward by a part δ of their size, the slopes of T steps change by about T·δ altogether; from
T·δ = 1/FACTOR on, samples differ in how they amplify errors, and nothing is judged: such a case is chaotic at its
precision. Nor is anything judged where sums come near the largest number.

Two terms keep a budget above zero where the samples happen to be exact: a single rounding of the pool's largest true
entry, half a unit, counts as spread; and what underflows may come to the smallest normal number times the number of
terms that are summed.

Nothing depends on how many elements an array has, except through the terms of a sum that may each underflow. The
derivation with its figures is in docs/verdicts.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from harness.case import Case
from references import rounding
from references.protocol import Answer

SAMPLES = 8
FACTOR = rounding.FACTOR


class Budgets(NamedTuple):
    """For truth's loss, gradients and trace: an array of their shape each. Infinite where nothing can be judged."""

    loss: np.ndarray
    grads: dict[str, np.ndarray]
    trace: dict[str, np.ndarray]
    doubt: str  #: why some are infinite; empty where none is


def budgets(case: Case, truth: Answer, shown: Collection[str] | None = None) -> Budgets:
    """The budgets of a case; of forward's quantities only the states and those that are ``shown``, by default all."""
    if shown is not None:
        needed = {*shown, *case.model.equations.STATES}
        truth = truth._replace(trace={name: value for name, value in truth.trace.items() if name in needed})
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows at this dtype is found below
        return _budgets(case, truth, rounding.samples(case.model, case.arrays, SAMPLES))


def _budgets(case: Case, truth: Answer, noisy: rounding.Samples) -> Budgets:
    blocks, underflow = case.model.blocks, _underflow(case)
    eps = float(np.finfo(case.dtype).eps)

    def budget(true: np.ndarray, spread: np.ndarray, gates: int) -> np.ndarray:
        size = np.abs(true).astype(float)
        return np.asarray(FACTOR * (pooled(spread, gates) + eps / 2 * pooled(size, gates)) + underflow)

    spread = {name: _spread(true, noisy.trace[name]) for name, true in truth.trace.items()}
    found = Budgets(
        budget(truth.loss, _spread(truth.loss, noisy.loss), 1),
        {name: budget(true, _spread(true, noisy.grads[name]), blocks(name)) for name, true in truth.grads.items()},
        {name: budget(true, spread[name], 1) for name, true in truth.trace.items()},
        "",
    )
    drift = _drift(truth, spread)  # T
    chaotic = drift * case.sizes["T"] * FACTOR >= 1
    if chaotic.any():
        t = int(np.argmax(chaotic))
        doubt = f"rounding to {case.dtype} has moved the states by {drift[t]:.1g} of their size at step {t}: chaotic"
        return _lost(found, drift * case.sizes["T"] * FACTOR**2 >= 1, doubt)  # forward only while far from chaos
    brim = float(np.finfo(case.dtype).max) / _terms(case)  # partial sums may be as many times larger as there are terms
    steps = np.max([np.abs(true).reshape(len(true), -1).max(axis=1) for true in truth.trace.values()], axis=0) > brim
    if steps.any() or any((np.abs(true) > brim).any() for true in (truth.loss, *truth.grads.values())):
        doubt = f"it has numbers above {brim:.0e}, whose sums may overflow at {case.dtype}"
        return _lost(found, np.logical_or.accumulate(steps), doubt)
    values = (found.loss, *found.grads.values(), *found.trace.values())
    if not all(np.isfinite(value).all() for value in values):
        return found._replace(doubt=f"it overflows at {case.dtype}")
    return found


def scaled(case: Case, budgets: Budgets, factor: float) -> Budgets:
    """The budgets of the same case with all its cotangents times ``factor``, a power of two or zero."""
    grads = {name: factor * values + _underflow(case) for name, values in budgets.grads.items()}
    return budgets._replace(loss=factor * budgets.loss + _underflow(case), grads=grads)


def _underflow(case: Case) -> float:
    """What terms that underflow may come to in the longest sum."""
    return float(np.finfo(case.dtype).tiny) * _terms(case)


def _terms(case: Case) -> int:
    """The number of terms of the longest sum, at most."""
    return case.sizes["T"] * case.sizes["B"] * len(case.model.equations.GATES) * case.sizes["H"]


def _spread(true: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The largest error of each element among the samples; infinite where one is not a number."""
    near = true.astype(float)
    rest = (true - near).astype(float)  # nothing is lost, without the price of wide arithmetic on every sample
    error = np.subtract(drawn, near, dtype=float)
    error -= rest
    largest: np.ndarray = np.abs(error, out=error).max(axis=0)
    return np.where(np.isnan(largest), np.inf, largest)


def _drift(truth: Answer, spread: Mapping[str, np.ndarray]) -> np.ndarray:
    """How far rounding has carried forward's quantities up to each step, relative to the largest entry of each."""
    drifts = []
    for name, true in truth.trace.items():
        by_step = spread[name].reshape(len(true), -1).max(axis=1)
        drifts.append(by_step / max(float(np.abs(true).max()), np.finfo(float).tiny))
    finite = [np.where(np.isfinite(drift), drift, 0) for drift in drifts]  # overflow is told apart from chaos
    return np.asarray(np.maximum.accumulate(np.max(finite, axis=0)), float)


def _lost(budgets: Budgets, steps: np.ndarray, doubt: str) -> Budgets:
    """Nothing is judged but forward before the given steps."""
    trace = {name: values.copy() for name, values in budgets.trace.items()}
    for values in trace.values():
        values[steps] = np.inf
    grads = {name: np.full_like(values, np.inf) for name, values in budgets.grads.items()}
    return Budgets(np.full_like(budgets.loss, np.inf), grads, trace, doubt)


def pooled(values: np.ndarray, gates: int) -> np.ndarray:
    """The maximum over each element's row, or over its column within its gate, whichever is smaller; of values' shape.

    ``gates`` is the number of equal blocks along the first axis. A vector is one row per gate. With three axes, rows
    run along the last axis and there are no columns.
    """
    if values.ndim == 0:
        return values
    if values.ndim == 1:
        blocks = values.reshape(gates, -1)
        return np.repeat(blocks.max(axis=1), blocks.shape[1])
    if values.ndim > 2:
        return np.broadcast_to(values.max(axis=-1, keepdims=True), values.shape)
    by_gate = values.reshape(gates, -1, values.shape[1])
    rows, columns = by_gate.max(axis=2, keepdims=True), by_gate.max(axis=1, keepdims=True)
    smaller: np.ndarray = np.minimum(rows, columns).reshape(values.shape)
    return smaller
