"""A declared trace: what of it is taken, what it shows, and that by itself it accuses nobody."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import handgrad
from benchmarks import traced
from harness.bank.catalogue import fault
from harness.brought import bring
from harness.candidate import InProcess
from harness.candidates.process import Process
from harness.case import Case, from_seed
from harness.diagnosis.asking import Asked
from harness.diagnosis.backward import Backward
from harness.diagnosis.box import Outside, outside
from harness.diagnosis.declared import declared
from harness.options import Options
from references.model import Model

Trace = dict[str, np.ndarray]
Change = Callable[[Trace], Trace]
#: one fault of every equation that a trace tells apart
FAULTS = [
    *("rnn/2*H/scale/2", "rnn/2*h/dropped-term/G", "rnn/2*a/wrong-derivative/logistic", "rnn/1*h/transpose/W_hh"),
    *("rnn/1*x/zero", "rnn/1*W/sign", "rnn/1*U/wrong-index/h-after", "rnn/1*b/mean-for-sum/B", "rnn/1*0/scale/10"),
    *("lstm/5*H/zero", "lstm/5*C/scale/2", "lstm/5*h/dropped-term/dh_next", "lstm/5*o/zero", "lstm/5*c/zero"),
    *(
        "lstm/4*i/scale/2",
        "lstm/4*f/wrong-variable/c_prev-h_prev",
        "lstm/4*g/sign",
        "lstm/4*c/truncated/after-2",
        "lstm/2*i/sign",
    ),
    *(
        "lstm/2*f/clipped/1",
        "lstm/2*o/wrong-index/written-later",
        "lstm/3*/dropped-power/g",
        "lstm/1*/stacking/da-ifog",
    ),
    *("lstm/1*h/too-early", "lstm/4*c/too-early", "lstm/1*t/loop/forward", "lstm/1*t/truncated/after-2"),
    *(
        "lstm/1*t/loop/twice",
        "lstm/1*t/loop/every-second-step",
        "lstm/tape/stacking/gates-gfio",
        "lstm/tape/stacking/hc",
    ),
]
ENTRIES = ("G", "G_h", "G_c", "dh_end", "dc_end", "da_summed")


def plain(cell: str) -> Model:
    return Model(cell, "tanh", "cotangent", "sum", 2, False)


def asked(cell: str, faults: Sequence[str] = (), change: Change = dict) -> Asked:
    """A handgrad with faults, and its trace as it declares it."""
    planted = [fault(name) for name in faults]

    def candidate(model: Model, arrays: Trace) -> handgrad.Gradients:
        told = traced.answers(planted, Case(model, arrays, "probe"))
        return told._replace(trace=change(told.trace))

    return Asked(InProcess(candidate), plain(cell))


def found(cell: str, faults: Sequence[str] = (), change: Change = dict) -> Outside:
    told = outside(asked(cell, faults, change))
    assert told is not None
    return told


def only(*names: str) -> Change:
    return lambda trace: {name: trace[name] for name in names if name in trace}


def without(*names: str) -> Change:
    return lambda trace: {name: value for name, value in trace.items() if name not in names}


def undeclared_reading(trace: Trace) -> Trace:
    """Adjoints alone: neither the order of the loop nor what is read of the tape."""
    return {name: value for name, value in trace.items() if name != "order" and not name.startswith("tape_")}


def tripled(name: str) -> Change:
    return lambda trace: {**trace, name: 3 * trace[name] + 0.1}


@cache
def backward(B: int = 2) -> Backward:
    return Backward(from_seed(plain("lstm"), {"T": 3, "B": B, "D": 4, "H": 2, "K": 5}, "float64", 0))


# -- what is taken ----------------------------------------------------------------------------------------------------


def test_adjoints_of_the_right_shape_are_taken_and_forward_quantities_passed_over() -> None:
    told = declared({"dh": np.ones((3, 2, 2)), "da": np.ones((3, 2, 8)), "h": np.ones((3, 2, 2))}, backward())
    assert set(told.adjoints) == {"dh", "da"}
    assert not told.notes


def test_a_batch_of_one_may_have_no_axis() -> None:
    told = declared({"dh": np.arange(6.0).reshape(3, 2), "dc_end": np.ones(2)}, backward(B=1))
    assert np.array_equal(told.adjoints["dh"], np.arange(6.0).reshape(3, 1, 2))
    assert told.adjoints["dc_end"].shape == (1, 2)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("dh", np.ones((2, 3, 2)), "dh: got shape (2, 3, 2)"),
        ("da_i", np.ones((3, 2)), "da_i: got shape (3, 2)"),
        ("dc", np.full((3, 2, 2), np.nan), "dc: got entries that are not finite"),
        ("di", np.full((3, 2, 2), "x"), "needs numbers of shape (3, 2, 2)"),
        ("order", np.array([3, 2, 1]), "needs steps from 0 to 2"),
        ("tape_i", np.ones((4, 2, 2)), "tape_i: got shape (4, 2, 2)"),
    ],
)
def test_what_does_not_fit_is_left_out_and_said(name: str, value: np.ndarray, said: str) -> None:
    told = declared({name: value, "dg": np.ones((3, 2, 2))}, backward())
    assert set(told.adjoints) == {"dg"}
    assert told.order is None and not told.tape
    (note,) = told.notes
    assert said in note and note.endswith("left out")


def test_what_does_not_fit_is_said_with_the_finding() -> None:
    told = found("rnn", ["rnn/1*h/transpose/W_hh"], lambda trace: {**trace, "da": trace["da"][:-1]})
    assert any("da: got shape" in note for note in told.notes)
    assert any("1*h" in unit for unit in told.units)


# -- a full trace -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
@pytest.mark.parametrize("change", [dict, undeclared_reading, without(*ENTRIES)])
def test_nothing_of_a_sound_candidate_is_accused(cell: str, change: Change) -> None:
    told = found(cell, (), change)
    assert told.units == () and told.explained and not told.notes


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_breaks_its_equation_and_no_other(name: str) -> None:
    assert found(name.split("/")[0], [name]).units == ((fault(name).equation,),)


@pytest.mark.parametrize("name", [name for name in FAULTS if "/loop/twice" not in name])
def test_the_loop_and_the_tape_are_found_without_being_declared(name: str) -> None:
    assert found(name.split("/")[0], [name], undeclared_reading).units == ((fault(name).equation,),)


@pytest.mark.parametrize("name", ["rnn/2*h/dropped-line/last-step", "lstm/5*h/zero"])
def test_an_adjoint_that_stays_zero_is_no_mistake_of_the_loop(name: str) -> None:
    assert found(name.split("/")[0], [name], undeclared_reading).units == ((fault(name).equation,),)


def test_several_faults_are_told_apart() -> None:
    names = ["lstm/4*i/scale/2", "lstm/2*i/sign", "lstm/1*t/truncated/after-2", "lstm/1*U/zero"]
    assert {tag for (tag,) in found("lstm", names).units} == {"1*t", "4*i", "2*i", "1*U"}


def test_a_wrong_loop_and_a_wrong_tape_together() -> None:
    told = found("lstm", ["lstm/1*t/loop/without-first-step", "lstm/tape/stacking/gates-gfio", "lstm/3*/sign"])
    assert told.units == (("1*t",), ("tape",), ("3*",))
    assert told.structure is not None
    assert told.structure.sentence.startswith("the loop leaves out the first step; the gates are unpacked in the order")


def test_a_carry_that_is_cut_in_one_state_alone_is_its_own_fault() -> None:
    assert found("lstm", ["lstm/1*h/truncated/after-2"]).units == (("1*h",),)
    assert found("lstm", ["lstm/1*h/zero", "lstm/4*c/zero"]).units == (("1*h",), ("4*c",))


def test_of_what_is_not_declared_all_that_could_be_broken_in_its_place_is_named() -> None:
    (unit,) = found("lstm", ["lstm/5*h/scale/2"], without(*ENTRIES)).units
    assert unit == ("5*h", "7*G")
    (unit,) = found("lstm", ["lstm/5*H/scale/2"], without(*ENTRIES)).units
    assert {"5*h", "5*H", "7*F"} <= set(unit) and "4*c" not in unit


# -- a trace is not a verdict -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dh", "dg", "da", "da_i", "dc_next", "dh_end"])
def test_a_wrong_trace_beside_right_gradients_accuses_nobody(name: str) -> None:
    told = found("lstm", (), tripled(name))
    assert told.units == ()
    assert any("contradicts the gradients" in note for note in told.notes)


@pytest.mark.parametrize("name", ["dh", "dc", "dg", "da_i", "da"])
def test_a_quantity_that_is_declared_wrongly_is_left_out(name: str) -> None:
    told = found("lstm", ["lstm/4*f/scale/2"], tripled(name))
    assert told.units == (("4*f",),)
    assert any(f"the declared {name} contradicts" in note for note in told.notes)


def test_a_trace_of_something_else_is_left_out() -> None:
    def noise(trace: Trace) -> Trace:
        rng = np.random.default_rng(0)
        return {name: rng.normal(size=value.shape) for name, value in undeclared_reading(trace).items()}

    told = found("lstm", ["lstm/1*x/scale/2"], noise)
    assert told.units == (("1*x",),)
    assert any("contradicts the gradients" in note for note in told.notes)


def test_a_trace_in_reversed_time_is_left_out() -> None:
    def reversed_(trace: Trace) -> Trace:
        return {name: trace[name][::-1] for name in ("dh", "da", "dh_next")}

    told = found("rnn", ["rnn/1*x/scale/2"], reversed_)
    assert told.units == (("1*x",),)
    assert any("contradicts the gradients" in note for note in told.notes)
    assert found("rnn", (), reversed_).units == ()


# -- a trace in part --------------------------------------------------------------------------------------------------


def test_a_single_quantity_splits_a_unit() -> None:
    assert len(found("lstm", ["lstm/4*g/scale/2"], only()).units[0]) > 1
    assert found("lstm", ["lstm/4*g/scale/2"], only("dg", "dc")).units == (("4*g",),)
    assert found("lstm", ["lstm/3*/scale/2"], only("dg", "dc")).units == (("3*",),)


def test_da_as_a_whole_without_its_parts() -> None:
    told = found("lstm", ["lstm/1*h/scale/2"], only("da", "dh_next"))
    assert told.units == (("1*h",),)


def test_a_quantity_of_a_trace_in_part_that_is_declared_wrongly_is_left_out() -> None:
    told = found("lstm", ["lstm/1*x/scale/2"], lambda trace: tripled("dg")(only("dg", "dc", "da_g")(trace)))
    assert told.units == (("1*x",),)
    assert any("the declared dg contradicts" in note for note in told.notes)


# -- of a file --------------------------------------------------------------------------------------------------------

SOURCE = """
    import numpy as np

    layout = {{"W": "a, x", "U": "a, h", "b": "a", "x": "t x", "y": "y: t h"}}
    model = {{"cell": "rnn", "loss": "half-squared-error"}}
    sign = -1
    scale = 0.5

    def loss_and_grads(params, data):
        W, U, b, x, y = params["W"], params["U"], params["b"], data["x"], data["y"]
        h = np.zeros((len(x) + 1, len(b)))
        for t in range(len(x)):
            h[t + 1] = np.tanh(W @ x[t] + U @ h[t] + b)
        dh, da, dh_next = np.zeros((3, len(x), len(b)))
        arriving = np.zeros_like(b)
        for t in reversed(range(len(x))):
            dh[t] = {first} * (h[t + 1] - y[t]) + arriving
            da[t] = dh[t] * (1 - h[t + 1])
            dh_next[t] = arriving = da[t] @ U
        grads = {{"W": {last} * da.T @ x, "U": {last} * da.T @ h[:-1], "b": {last} * da.sum(axis=0)}}
        trace = {{"dh": dh, "da": da, "dh_next": dh_next}}
        return 0.5 * np.sum((h[1:] - y) ** 2), grads, trace

    def example(seed):
        rng = np.random.default_rng(seed)
        params = {{"W": rng.normal(size=(4, 3)), "U": rng.normal(size=(4, 4)), "b": rng.normal(size=4)}}
        return params, {{"x": rng.normal(size=(6, 3)), "y": rng.normal(size=(6, 4))}}
"""


@pytest.mark.parametrize(("first", "last"), [("-0.5", "1"), ("1", "-0.5")])
def test_adjoints_of_a_scaled_gradient_may_be_scaled_or_not(tmp_path: Path, first: str, last: str) -> None:
    path = tmp_path / "candidate.py"
    path.write_text(inspect.cleandoc(SOURCE.format(first=first, last=last)), encoding="utf-8")
    with Process(str(path)) as process:
        laid = bring(process, Options()).laid
        assert laid is not None
        told = outside(Asked(laid, laid.layout.model))
    assert told is not None
    assert told.units == (("2*a",),)
    assert set(replace(told).answered[0].trace) == {"dh", "da", "dh_next"}
