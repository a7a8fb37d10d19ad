"""Backward tested against a forward pass that exchanges states or gates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import handgrad
from harness.candidate import InProcess
from harness.case import Case, from_seed
from harness.diagnosis.asking import Asked
from harness.diagnosis.backward import Backward
from harness.diagnosis.behind import behind
from harness.diagnosis.forward import Forward
from harness.diagnosis.forward_changes import changes
from harness.diagnosis.forward_run import run
from references.model import Model

MODEL = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True)
STATES = "the states h and c are exchanged at every step"
GATES = "the gates i, f, g, o are taken from the blocks of f, i, o, g"
SWAP = {"h": "c", "c": "h"}


def change(sentence: str) -> Forward:
    [one] = [one for one in changes(MODEL) if one.sentence == sentence]
    return Forward((one.tag,), one.sentence, (one,))


def asked(backward: Callable[[Case], Backward], put: Callable[[dict[str, np.ndarray]], None] | None = None) -> Asked:
    """A candidate of these adjoint equations."""

    def answer(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        right = backward(Case(model, arrays, "asked")).right
        grads = {name: right[f"d{name}"].copy() for name in model.differentiated}
        if put is not None:
            put(grads)
        return handgrad.Gradients(np.float64(0), grads, {})

    return Asked(InProcess(answer), MODEL)


def test_the_adjoint_equations_of_exchanged_states_are_its_derivative() -> None:
    case = from_seed(MODEL, {"T": 3, "B": 2, "D": 3, "H": 2, "K": 3}, seed=1)
    right, [swapped] = Backward(case, carried=SWAP).right, change(STATES).changes
    for name in ("W_ih", "W_hh", "b_ih", "x", "h0", "c0", "W_hy"):
        at, step = (1,) * case.arrays[name].ndim, np.zeros_like(case.arrays[name])
        step[at] = 1e-5
        losses = [run(MODEL, {**case.arrays, name: case.arrays[name] + sign * step}, [swapped])[0] for sign in (1, -1)]
        assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(right[f"d{name}"][at], rel=1e-6)


def test_carries_that_are_not_exchanged_with_the_states_are_told() -> None:
    own = {"h": "h", "c": "c"}
    told = behind(asked(lambda case: Backward(case, carried=SWAP, received=own)), change(STATES))
    assert told is not None
    assert [(fault.tags, fault.sentence) for fault in told.faults] == [
        (("5*h",), "each receives the other's carry"),
        (("5*c",), "each receives the other's carry"),
    ]
    assert told.faults[0].instead == "it computes dh with dh_next; use dc_next: forward exchanges them"


def test_backward_that_is_right_for_its_forward_has_no_faults() -> None:
    told = behind(asked(lambda case: Backward(case, carried=SWAP)), change(STATES))
    assert told is not None
    assert (told.faults, told.found.units) == ((), ())


def test_another_fault_is_told_by_its_values() -> None:
    def double(grads: dict[str, np.ndarray]) -> None:
        grads["W_hh"] *= 2

    told = behind(asked(lambda case: Backward(case, carried=SWAP), double), change(STATES))
    assert told is not None
    [fault] = told.faults
    assert (fault.tags, fault.pattern) == (("1*U",), "constant ratio 2")


def reordered(case: Case, order: list[int]) -> Case:
    stacked = [name for name in case.arrays if case.model.axes.get(name, ("",))[0] == "A"]
    new = {name: np.concatenate([np.split(case.arrays[name], 4)[k] for k in order]) for name in stacked}
    return replace(case, arrays={**case.arrays, **new})


@pytest.mark.parametrize("fault", [None, "W_hh"])
def test_exchanged_gates_are_put_in_their_order(fault: str | None) -> None:
    order = [1, 0, 3, 2]

    class Exchanged(Backward):
        """Of weights whose gates stand in another order; gradients in the caller's."""

        def __init__(self, case: Case) -> None:
            super().__init__(reordered(case, order))

    def back(grads: dict[str, np.ndarray]) -> None:
        for name in [name for name in grads if MODEL.axes[name][0] == "A"]:
            grads[name] = np.concatenate([np.split(grads[name], 4)[k] for k in np.argsort(order)])
        if fault:
            grads[fault] *= -1

    told = behind(asked(Exchanged, back), change(GATES))
    assert told is not None
    assert [fault.tags for fault in told.faults] == ([("1*U",)] if fault else [])


def test_of_other_changes_nothing_is_said() -> None:
    ask = asked(Backward)
    assert behind(ask, change("g lacks its tanh")) is None
    assert behind(ask, change("x is read in reversed time")) is None
    two = replace(change(STATES), changes=(*change(STATES).changes, *change(GATES).changes))
    assert behind(ask, two) is None
    assert ask.calls == 0
