"""What no verdict may depend on: the size of a tensor, the order of units, of batch entries, of references."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from evidence import of
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.budget import Budgets, budgets
from harness.candidate import own
from harness.case import DTYPES, Case, from_seed
from harness.judge import judge
from references import equations, extended
from references.model import Model
from references.protocol import Answer

SIZES = {"T": 6, "B": 4, "D": 5, "H": 8, "K": 7}


def _model(cell: str) -> Model:
    return Model(cell, "tanh", "softmax-cross-entropy", "sum", 2, readout=True)


def _of_units(case: Case, order: np.ndarray) -> Case:
    """The same network with its hidden units in another order."""
    gates = len(case.model.equations.GATES)
    rows = np.concatenate([order + k * len(order) for k in range(gates)])
    moved = {}
    for name, array in case.arrays.items():
        for axis, letter in enumerate(case.model.axes[name]):
            if letter in "AH":
                array = np.take(array, rows if letter == "A" else order, axis=axis)
        moved[name] = array
    return replace(case, arrays=moved)


def _of_batch(case: Case, order: np.ndarray) -> Case:
    axes = case.model.axes
    moved = {
        name: np.take(array, order, axis=axes[name].index("B")) if "B" in axes[name] else array
        for name, array in case.arrays.items()
    }
    return replace(case, arrays=moved)


def _off(factor: float, name: str, sound: Answer) -> Answer:
    """One array's largest entry off by a part of it."""
    grad = sound.grads[name].copy()
    at = np.unravel_index(np.argmax(np.abs(grad)), grad.shape)
    grad[at] *= 1 + factor
    return sound._replace(grads={**sound.grads, name: grad})


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    cell=st.sampled_from(equations.cells()),
    dtype=st.sampled_from(DTYPES),
    order=st.permutations(range(SIZES["H"])),
    entries=st.permutations(range(SIZES["B"])),
    wrong=st.sampled_from(["", "W_ih", "W_hh", "b_ih", "x", "h0"]),
)
def test_order_of_units_and_batch_changes_no_verdict(
    cell: str, dtype: str, order: list[int], entries: list[int], wrong: str
) -> None:
    """The candidate is 1 % off in one entry, or in none; error ÷ budget stays within what other draws make of it."""
    case = from_seed(_model(cell), SIZES, dtype)
    judgements = []
    for one in (case, _of_units(case, np.array(order)), _of_batch(case, np.array(entries))):
        evidence = of(one)
        assert evidence.candidate is not None
        if wrong:
            evidence = replace(evidence, candidate=_off(0.01, wrong, evidence.candidate))
        judgements.append(judge(evidence))
    assert {judgement.verdict for judgement in judgements} == {"differ" if wrong else "agree"}
    differing = [{row.array for row in one.rows if row.verdict == "differ"} for one in judgements]
    assert differing == [{wrong} if wrong else set()] * 3


@cache
def _known(cell: str, dtype: str, axis: str, size: int) -> tuple[Answer, Answer, Budgets]:
    case = from_seed(_model(cell), {**SIZES, axis: size}, dtype)
    truth = extended.gradients(case.model, case.arrays)
    answer = own(case.model, case.copies())
    return Answer(np.asarray(answer.loss), answer.grads, answer.trace, ""), truth, budgets(case, truth)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", "TBDHK")
@pytest.mark.parametrize("cell", equations.cells())
def test_what_is_seen_does_not_depend_on_size(cell: str, axis: str, dtype: str) -> None:
    """An axis sixteen times as long: budgets in units of the largest entry grow like rounding does, not like size.

    Along T and B sums have more terms, whose roundings add up like a random walk: √16.
    """
    size = SIZES[axis]
    grows = 4 if axis in "TB" else 1
    shares = []
    for length in (size, 16 * size):
        _, truth, allowed = _known(cell, dtype, axis, length)
        shares.append(
            {
                name: float(np.median(allowed.grads[name] / np.abs(grad).max()))
                for name, grad in truth.grads.items()
                if name in ("W_ih", "W_hh", "b_ih")
            }
        )
    for name, small in shares[0].items():
        assert shares[1][name] < 4 * grows * small, name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", "TBDH")
def test_one_per_cent_is_seen_at_every_size(axis: str, dtype: str) -> None:
    """In all entries, as in the tolerances that grow with size, and in a single one."""
    for length in (2, 16, 100):
        sound, truth, allowed = _known("lstm", dtype, axis, length)
        for name in ("W_ih", "W_hh", "b_ih", "x"):
            assert (np.abs(1.01 * sound.grads[name] - truth.grads[name]) > allowed.grads[name]).mean() > 0.5
            off = _off(0.01, name, sound)
            assert (np.abs(off.grads[name] - truth.grads[name]) > allowed.grads[name]).sum() == 1


def test_order_of_references_changes_no_verdict() -> None:
    evidence = of(from_seed(_model("lstm"), SIZES))
    wrong = evidence.references["two"]._replace(
        grads={**evidence.references["two"].grads, "x": 1.1 * evidence.references["two"].grads["x"]}
    )
    for changed in ({}, {"two": wrong}):
        given = {**evidence.references, **changed}
        forwards, backwards = (
            judge(replace(evidence, references=dict(pairs))) for pairs in (given.items(), reversed(given.items()))
        )
        assert forwards.verdict == backwards.verdict
        assert {(row.array, row.reference, row.ratio) for row in forwards.rows} == {
            (row.array, row.reference, row.ratio) for row in backwards.rows
        }
        if changed:
            assert forwards.reason == backwards.reason
            assert "two is the odd one out" in forwards.reason
