"""Adjoints step by step: what is right is within its budget, what is wrong shows where it is, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import faults
import numpy as np
import planted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handgrad
import harness
from harness import cli, comparison, elements, stepwise
from harness.bank.catalogue import catalogue
from harness.candidate import Candidate, InProcess, own
from harness.case import Case, from_seed
from harness.commanded import FromFile
from harness.errors import BadInput
from harness.pictured import Adjoint, Adjoints
from harness.run import Finding, Judgement
from harness.session import Session
from harness.stepwise import accumulated, asked, carried, ghosts
from harness.stepwise.curve import Curve
from harness.stepwise.rewriting import one_hot, remaining
from harness.workers import Workers
from references import extended
from references.arithmetic import Floats
from references.equations import cells, losses
from references.graph import record
from references.model import REDUCTIONS, Model
from references.reverse import Reverse

SIZES = {"T": 4, "B": 2, "D": 3, "H": 5, "K": 6}
RNN = Model("rnn", "tanh", "half-squared-error", "mean", 2, True)
LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "mean-t", 2, True)
MODELS = [
    Model(cell, "tanh", loss, list(REDUCTIONS)[k % len(REDUCTIONS)], k % 3, loss not in losses.ON_HIDDEN)
    for cell in cells()
    for k, loss in enumerate(losses.NAMES)
]
Arrays = dict[str, np.ndarray]


def case_of(model: Model, dtype: str = "float64", seed: int = 0, **sizes: int) -> Case:
    return from_seed(model, {**SIZES, **sizes}, dtype, seed)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(set(), "cpu") as none:
        yield none


Measure = Callable[..., tuple[Adjoints | None, list[Finding]]]


@pytest.fixture
def measure(workers: Workers) -> Measure:
    """The adjoints of a function, or of something under test, on cases."""

    def measured(candidate: Candidate | InProcess | None, *cases: Case) -> tuple[Adjoints | None, list[Finding]]:
        under_test = candidate if isinstance(candidate, InProcess) else InProcess(candidate)
        return stepwise.stepwise(under_test, cases, judged(workers, under_test, cases), lambda words, share: None)

    return measured


def judged(workers: Workers, under_test: InProcess, cases: Sequence[Case]) -> list[Judgement]:
    judgements: list[Judgement] = []
    for case in cases:
        elements.add(Session((), workers, under_test).judge(case), judgements)
    return judgements


def by_name(found: Adjoints | None) -> dict[str, Adjoint]:
    assert found is not None
    return {one.quantity: one for one in found.quantities}


def without(*names: str) -> Candidate:
    """handgrad, returning no gradient of these."""

    def run(model: Model, arrays: Arrays) -> handgrad.Gradients:
        sound = own(model, arrays)
        return sound._replace(grads={name: grad for name, grad in sound.grads.items() if name not in names})

    return run


def right_adjoints(case: Case) -> dict[str, np.ndarray]:
    """Da (T, B, A), and of every state what leaves step t (T, B, H), of the case itself in extended precision."""
    ready = case.model.for_equations(case.arrays, np.longdouble)
    graph = record(case.model, {name: array.shape for name, array in ready.items()})
    done = Reverse(graph, ready, Floats(), every=True)
    found = {f"d{state}": done.adjoint(node) for state, node in graph.before.items()} | {
        "da": done.adjoint(graph.trace["a"])
    }
    return {
        name: np.broadcast_to(np.asarray(array), (case.sizes["T"], *np.shape(array)[1:]))
        for name, array in found.items()
    }


# what is right


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m.cell}-{m.loss}-{m.reduction}-{m.biases}")
def test_a_right_candidate_is_within_its_budget_at_every_step(model: Model, dtype: str, measure: Measure) -> None:
    found, lost = measure(None, case_of(model, dtype))
    quantities = by_name(found)
    assert not lost and found is not None and not found.notes
    assert list(quantities) == ["da", *(f"d{state}" for state in model.equations.STATES)]
    for name, one in quantities.items():
        assert one.labels == (model.equations.GATES if name == "da" else ("",))
        assert one.error.shape == one.budget.shape == (len(one.labels), SIZES["T"])
        assert np.isfinite(one.error).all() and (one.error <= one.budget).all()
        assert one.budget.max() < 1e4 * np.finfo(dtype).eps, "a budget that nothing exceeds says nothing"
    assert "in 5 calls" in found.method and "extended" in found.method
    assert model.cell in found.case and dtype in found.case and "seed 0" in found.case


@pytest.mark.parametrize("model", [RNN, LSTM, replace(planted.LSTM, reduction="mean-b"), planted.RNN])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), T=st.integers(1, 6), B=st.integers(1, 3))
def test_handgrad_s_da_by_the_probe_is_the_reference_s_own_da(model: Model, seed: int, T: int, B: int) -> None:
    case = from_seed(model, {**SIZES, "T": T, "B": B}, seed=seed)
    hot = one_hot(case)
    columns = own(model, hot.copies()).grads["W_ih"][:, : T * B]
    right = right_adjoints(case)["da"]
    assert np.abs(columns.T.reshape(T, B, -1) - right).max() <= 1e-13 * np.abs(right).max()


@pytest.mark.parametrize("model", [RNN, LSTM, replace(planted.LSTM, reduction="mean")])
def test_what_is_carried_is_what_leaves_the_step_in_the_whole_case(model: Model) -> None:
    case = case_of(model)
    trace, right = extended.gradients(model, case.arrays).trace, right_adjoints(case)
    T, B = case.sizes["T"], case.sizes["B"]
    for s in range(T):
        part = remaining(case, trace, s)
        factor = model.divisor(T - s, B) / model.divisor(T, B)
        grads = extended.gradients(model, part.arrays).grads
        for state in model.equations.STATES:
            carried_here = factor * grads[f"{state}0"]
            assert np.abs(carried_here - right[f"d{state}"][s]).max() <= 1e-14 * np.abs(right[f"d{state}"]).max()


@pytest.mark.parametrize(
    "model",
    [RNN, LSTM, *(replace(one, loss=loss, readout=False) for one in (RNN, LSTM) for loss in ghosts._TARGETS),
     replace(LSTM, biases=0), replace(LSTM, activation="identity")],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_ghost_s_da_is_the_dh_that_its_unit_is_carried(model: Model, dtype: str, measure: Measure) -> None:
    case = case_of(model, dtype)
    hot, H, T, B = one_hot(case), SIZES["H"], SIZES["T"], SIZES["B"]
    haunted, gate = ghosts.haunted(hot), ghosts.gate(case)
    answers = [extended.gradients(model, one.arrays) for one in (hot, haunted)]
    eps = np.finfo(dtype).eps
    assert np.abs(answers[1].trace["h"][..., :H] - answers[0].trace["h"]).max() == 0
    assert not answers[1].trace["h"][..., H:].any()
    assert gate is not None
    columns = answers[1].grads["W_ih"].reshape(-1, 2 * H, max(T * B, SIZES["D"]))[gate, H:, : T * B]
    comes_back = columns.T.reshape(T, B, H)[:-1]
    right = right_adjoints(case)["dh"]
    assert np.abs(comes_back - right[1:]).max() <= 50 * eps * np.abs(right).max()
    found, _ = measure(without("h0", "c0"), case)
    dh = by_name(found)["dh"]
    assert np.isnan(dh.error[0, 0]) and (dh.error[0, 1:] <= dh.budget[0, 1:]).all()


# what is wrong


def beyond(one: Adjoint) -> np.ndarray:
    """At which steps some label has more than rounding explains."""
    return np.asarray((one.error > one.budget).any(axis=0))


@pytest.mark.parametrize("fault", ["rnn/2*h/dropped-term/dh_next", "lstm/5*h/dropped-term/dh_next"])
def test_a_dropped_carry_shows_at_every_step_but_the_last(fault: str, measure: Measure) -> None:
    model = replace(RNN if fault.startswith("rnn") else LSTM, loss="squared-error")
    found = by_name(measure(planted.faulted(fault), case_of(model))[0])
    assert beyond(found["da"]).tolist() == [True, True, True, False]
    assert beyond(found["dh"]).tolist() == [True, True, True, False]
    assert found["da"].error.max() > 1e-3


@pytest.mark.parametrize(("fault", "where"), [("first-step", 0), ("last-step", 3)])
def test_a_fault_of_one_step_shows_in_da_at_that_step(fault: str, where: int, measure: Measure) -> None:
    found = by_name(measure(planted.faulted(f"rnn/2*a/dropped-line/{fault}"), case_of(RNN))[0])
    wrong = beyond(found["da"])
    assert wrong[where]
    assert wrong.sum() == (1 if where == 0 else 4), "what is wrong at the last step is carried to all others"


def test_a_fault_of_one_gate_shows_in_that_gate(measure: Measure) -> None:
    found = by_name(measure(planted.faulted("lstm/2*f/scale/2"), case_of(LSTM, T=1))[0])
    da = found["da"]
    assert [label for label, row in zip(da.labels, da.error > da.budget, strict=True) if row.any()] == ["f"]


def test_a_fault_shows_exactly_where_it_is_of_an_adjoint(measure: Measure) -> None:
    case = case_of(planted.LSTM)
    scaled = [fault.id for fault in catalogue() if fault.id.startswith("lstm/") and fault.id.endswith("/scale/2")]
    sums = {"lstm/1*x/scale/2", "lstm/1*U/scale/2", "lstm/1*b/scale/2"}  # which read the right adjoints
    assert sums < set(scaled) and len(scaled) > 12
    for name in scaled:
        found = by_name(measure(planted.faulted(name), case)[0])
        assert any(beyond(one).any() for one in found.values()) == (name not in sums), name


def test_the_model_question_s_adjoints_never_arrive(measure: Measure) -> None:
    found, _ = measure(faults.no_flow_through_time, faults.model_question())
    quantities = by_name(found)
    assert beyond(quantities["da"]).tolist() == [True] * 4 + [False]
    dh = quantities["dh"]  # of added units: it gives no gradient of h0
    assert np.isnan(dh.error[0, 0]) and beyond(dh)[1:].all()
    assert dh.error[0, 1:].max() == 1, "nothing arrives where the largest should"
    assert found is not None and any("step 0" in note for note in found.notes) and "added hidden units" in found.method


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_errors_of_all_steps_are_those_of_one_loss(reduction: str, measure: Measure) -> None:
    def shifted(model: Model, arrays: Arrays) -> handgrad.Gradients:
        sound = own(model, arrays)
        sound.grads["h0"] += 0.25 / model.divisor(*arrays["x"].shape[:2])
        return sound

    case = case_of(replace(RNN, reduction=reduction))
    found = by_name(measure(shifted, case)[0])
    whole = 0.25 / case.model.divisor(SIZES["T"], SIZES["B"]) / np.abs(right_adjoints(case)["dh"]).max()
    np.testing.assert_allclose(found["dh"].error, np.full((1, 4), float(whole)))


def test_what_is_not_finite_is_infinitely_wrong_and_the_rest_is_told(measure: Measure) -> None:
    def broken(model: Model, arrays: Arrays) -> handgrad.Gradients:
        sound = own(model, arrays)
        sound.grads["W_ih"][0, 2] = np.nan  # a: gate i of the third step and batch entry in one-hot inputs
        sound.grads["c0"][0, 0] = np.inf if len(arrays["x"]) == 3 else sound.grads["c0"][0, 0]
        return sound

    found = by_name(measure(broken, case_of(LSTM))[0])
    assert np.isposinf(found["da"].error[0]).tolist() == [False, True, False, False]
    assert np.isfinite(found["da"].error[1:]).all() and not beyond(found["da"])[[0, 2, 3]].any()
    assert np.isposinf(found["dc"].error[0]).tolist() == [False, True, False, False]
    assert (found["dh"].error <= found["dh"].budget).all()
    assert all(np.isfinite(one.budget).all() for one in found.values())


def test_float32_inside_is_measured_by_what_float32_explains(measure: Measure) -> None:
    def narrow(model: Model, arrays: Arrays) -> handgrad.Gradients:
        return own(model, {k: v if v.dtype.kind == "i" else v.astype("float32") for k, v in arrays.items()})

    found = by_name(measure(narrow, case_of(LSTM))[0])
    assert all((one.error <= one.budget).all() and one.error.max() > 1e-9 for one in found.values())


# what cannot be seen


def test_of_what_it_gives_no_gradient_a_note_says_so(measure: Measure) -> None:
    found, _ = measure(without("W_ih", "c0"), case_of(LSTM))
    assert found is not None and list(by_name(found)) == ["dh"]
    assert found.notes == ("da: it gives no gradient of W_ih", "dc: it gives no gradient of c0")
    relu = replace(RNN, activation="relu")
    found, _ = measure(without("h0"), case_of(relu))
    assert found is not None and list(by_name(found)) == ["da"] and found.notes == ("dh: it gives no gradient of h0",)


def test_without_any_of_them_nothing_is_there_but_the_reasons(measure: Measure) -> None:
    found, lost = measure(without("W_ih", "h0", "c0"), case_of(LSTM))
    assert found is None and [one.name for one in lost] == ["not run"] * 3
    assert "no gradient of W_ih" in lost[0].text


class Counted(InProcess):
    """handgrad, which fails from some call on; judging takes two."""

    def __init__(self, fails: Callable[[int, Arrays], bool]) -> None:
        calls: list[int] = []

        def run(model: Model, arrays: Arrays) -> handgrad.Gradients:
            calls.append(len(arrays["x"]))
            if fails(len(calls) - 2, arrays):
                raise ValueError("no")
            return own(model, arrays)

        super().__init__(run)
        object.__setattr__(self, "calls", calls)

    calls: list[int]


def test_a_candidate_that_fails_is_asked_three_times(measure: Measure) -> None:
    under_test = Counted(lambda count, arrays: count > 0)
    found, lost = measure(under_test, case_of(LSTM))
    assert found is None and lost and all(one.name == "not run" for one in lost)
    assert under_test.calls[2:] == [4, 4, 3], "the case, and twice with one-hot inputs"


def test_one_that_hangs_is_asked_once(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "_PATIENCE", -1.0)  # no answer is a hang, however fast it came
    monkeypatch.setattr(asked, "_MANY", 0)
    under_test = Counted(lambda count, arrays: count > 0)
    found, _ = measure(under_test, case_of(LSTM))
    assert found is None and len(under_test.calls) - 2 == 1


def test_sizes_written_into_the_code_leave_what_can_be_seen(measure: Measure) -> None:
    def fixed(axis: int) -> Counted:
        return Counted(lambda count, arrays: arrays["x"].shape[axis] != (SIZES["T"], SIZES["B"], SIZES["D"])[axis])

    found, _ = measure(fixed(2), case_of(RNN))  # D = 3 < T B: one batch entry's last 3 steps
    da = by_name(found)["da"]
    assert np.isnan(da.error[0]).tolist() == [True, False, False, False]
    assert (da.error[0, 1:] <= da.budget[0, 1:]).all() and found is not None
    assert found.notes == ("da: seen of the first 1 of 2 batch entries", "da: seen from step 1 on")
    found, _ = measure(fixed(2), case_of(RNN, D=SIZES["D"], T=3))  # one batch entry, all steps
    assert np.isfinite(by_name(found)["da"].error).all()
    under_test = fixed(0)  # T: of dh the first step alone, and by added units all others
    found, _ = measure(under_test, case_of(RNN))
    assert np.isnan(by_name(found)["dh"].error[0]).tolist() == [True, False, False, False]
    assert np.isfinite(by_name(found)["da"].error).all()
    assert under_test.calls[2:] == [4, 1, 4, 4]


def test_of_many_steps_every_so_many_are_measured(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried, "MOST", 4)
    under_test = Counted(lambda count, arrays: False)
    found, _ = measure(under_test, case_of(RNN, T=11))
    dh = by_name(found)["dh"]
    assert np.flatnonzero(np.isfinite(dh.error[0])).tolist() == [0, 2, 6, 10]
    assert found is not None and any("4 of 11 steps" in note for note in found.notes)
    assert len(under_test.calls) - 2 == 5
    assert (dh.error <= dh.budget)[0, [0, 2, 6, 10]].all()


def test_of_many_inputs_some_batch_entries_are_measured(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accumulated, "_COLUMNS", 9)
    found, _ = measure(None, case_of(RNN, B=5))
    da = by_name(found)["da"]
    assert np.isfinite(da.error).all() and (da.error <= da.budget).all()
    assert found is not None and found.notes == ("da: seen of the first 2 of 5 batch entries",)


def test_zero_adjoints_are_measured_in_what_rounding_explains(measure: Measure) -> None:
    case = case_of(planted.RNN)
    still = replace(case, arrays={**case.arrays, "G": np.zeros_like(case.arrays["G"]), "G_h": np.zeros((2, 5))})
    found, _ = measure(None, still)
    assert all(not one.error.any() and (one.budget > 0).all() for one in by_name(found).values())
    assert found is not None and sum("zero at all steps" in note for note in found.notes) == 2


# which case, and what may go wrong


def test_it_is_the_case_that_is_shown_in_full(measure: Measure) -> None:
    def wrong_once(model: Model, arrays: Arrays) -> handgrad.Gradients:
        sound = own(model, arrays)
        if len(arrays["h0"]) == 3:
            sound.grads["b_ih"][0] += 1
        return sound

    found, _ = measure(wrong_once, *(case_of(RNN, B=B) for B in (2, 3, 4)))
    assert found is not None and "B=3" in found.case
    found, _ = measure(None, case_of(RNN, seed=7))
    assert found is not None and "seed 7" in found.case


def test_a_forward_pass_that_departs_is_said(measure: Measure) -> None:
    found, _ = measure(faults.doubled_bias, case_of(LSTM))
    assert found is not None and any("departs" in note for note in found.notes)


@pytest.mark.parametrize("error", [RuntimeError("oops"), KeyboardInterrupt()])
def test_what_goes_wrong_costs_no_verdict(
    error: BaseException, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: Any) -> None:
        raise error

    monkeypatch.setattr("harness.stepwise.steps.accumulated", fails)
    found, lost = measure(None, case_of(RNN))
    assert found is None and len(lost) == 1 and "adjoints step by step" in lost[0].text


def test_nobody_is_asked_where_there_is_nobody(workers: Workers, tmp_path: Path) -> None:
    case = case_of(RNN)
    judgements = judged(workers, InProcess(), [case])
    assert stepwise.stepwise(FromFile(tmp_path / "none"), [case], judgements, print) == (None, [])
    assert stepwise.stepwise(InProcess(), [case], [], print) == (None, [])
    other = [replace(one, case=replace(one.case, fingerprint="another")) for one in judgements]
    assert stepwise.stepwise(InProcess(), [case], other, print) == (None, [])


# a curve


def test_the_error_is_above_the_budget_exactly_where_an_entry_is_beyond_its_own() -> None:
    curve = Curve("da", ("",), 3)
    right, allowed, given = np.array([[4.0, 1.0]]), np.array([[0.5, 0.01]]), np.full((1, 2), True)
    curve.put(0, np.array([[4.2, 1.005]]), right, allowed, given)  # both within
    curve.put(1, np.array([[4.2, 1.05]]), right, allowed, given)  # the smaller error is beyond its budget
    curve.put(2, np.array([[9.0, 9.0]]), right, allowed, np.zeros((1, 2), bool))
    found = curve.adjoint()
    assert found is not None and curve.known == 2
    np.testing.assert_allclose(found.error, [[0.05, 0.05, np.nan]])
    np.testing.assert_allclose(found.budget, [[0.125, 0.01, np.nan]])
    nothing = Curve("da", ("",), 3)
    assert nothing.adjoint() is None


def test_where_truth_is_not_finite_nothing_is_known() -> None:
    curve = Curve("dh", ("",), 2)
    one, known = np.ones((1, 2)), np.full((1, 2), True)
    curve.put(0, one, np.array([[np.inf, 2.0]]), one, known)
    curve.put(1, one, np.array([[np.nan, np.inf]]), one, known)
    found = curve.adjoint()
    assert found is not None
    np.testing.assert_array_equal(found.error, [[0.5, np.nan]])


def test_where_nothing_can_be_judged_there_is_no_budget() -> None:
    curve, one = Curve("dh", ("",), 1), np.ones((1, 1))
    curve.put(0, 2 * one, one, np.full((1, 1), np.inf), one > 0)
    found = curve.adjoint()
    assert found is not None and found.error == 1 and np.isnan(found.budget) and curve.doubtful


# files and the command line

HANGS = """
import time
import numpy as np

layout = {"W": "a, x", "U": "a, h", "x": "t b x", "y": "t b h", "h0": "b h"}
model = {"cell": "rnn", "activation": "tanh", "loss": "half-squared-error", "reduction": "sum"}

def example(seed):
    rng = np.random.default_rng(seed)
    shapes = {"W": (4, 3), "U": (4, 4)}, {"x": (5, 2, 3), "y": (5, 2, 4), "h0": (2, 4)}
    return tuple({name: rng.normal(size=shape) for name, shape in one.items()} for one in shapes)

def loss_and_grads(params, data):
    W, U, x = params["W"], params["U"], data["x"]
    if len(x) < 5 or x.shape[2] > 3:
        time.sleep(30)
    h = [data["h0"]]
    for x_t in x:
        h.append(np.tanh(x_t @ W.T + h[-1] @ U.T))
    e = np.stack(h[1:]) - data["y"]
    dW, dU, dh = np.zeros_like(W), np.zeros_like(U), np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        da = (dh + e[t]) * (1 - h[t + 1] ** 2)
        dW, dU, dh = dW + da.T @ x[t], dU + da.T @ h[t], da @ U
    return 0.5 * (e**2).sum(), {"W": dW, "U": dU, "h0": dh}
"""


def test_the_casebook_s_broken_and_right_programs() -> None:
    folder = Path(harness.__file__).parent / "casebook" / "theano-versus-python"
    wrong, right = (
        harness.compare(candidate=folder / name, references="extended", alone=True, adjoints=True)
        for name in ("broken.py", "right.py")
    )
    assert (wrong.verdict, right.verdict) == ("differ", "agree")
    of_wrong, of_right = by_name(wrong.adjoints), by_name(right.adjoints)
    assert beyond(of_wrong["da"]).tolist() == [True] * 4 + [False] and beyond(of_wrong["dh"])[1:].all()
    for one in of_right.values():
        assert not beyond(one).any() and np.nanmax(one.error) < 1e-14


def test_a_list_that_begins_with_none_has_no_input_to_show_the_first_step() -> None:
    path = Path(harness.__file__).parent / "casebook" / "building-blocks" / "names.py"
    run = harness.compare(candidate=path, references="extended", alone=True, adjoints=True)
    quantities = by_name(run.adjoints)
    for name, unseen in (("da", [0]), ("dh", [0, 1])):  # of dh, what an added unit is carried to the step before
        one = quantities[name]
        assert np.flatnonzero(np.isnan(one.error[0])).tolist() == unseen and not beyond(one).any()
    assert run.adjoints is not None and run.adjoints.notes == (
        "da: not seen at step 0, where there is no input",
        "dh: not seen at steps 0, 1: no added unit reads an input before that",
    )


def test_a_file_that_hangs_loses_neither_its_verdict_nor_what_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "hangs.py"
    path.write_text(HANGS)
    run = harness.compare(candidate=path, references="extended", alone=True, adjoints=True, timeout=2)
    assert run.judgements[0].verdict == "agree"
    dh = by_name(run.adjoints)["dh"]
    assert np.isfinite(dh.error[0]).tolist() == [True, False, False, False, False]
    assert run.adjoints is not None and "in 2 calls" in run.adjoints.method, "it is not asked again"
    assert any("does not answer for 1 step alone" in note for note in run.adjoints.notes)
    path.write_text(HANGS.replace("30", "0"))
    run = harness.compare(candidate=path, references="extended", alone=True, adjoints=True, timeout=2)
    assert all(
        np.isfinite(one.error).all() and (one.error <= one.budget).all() for one in by_name(run.adjoints).values()
    )


def test_a_file_without_a_layout_has_none(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n\n"
        "def loss_and_grads(params, data):\n    return (params['w'] ** 3).sum(), {'w': 3 * params['w'] ** 2}\n\n"
        "def example(seed):\n    return {'w': np.ones(4)}, {}\n"
    )
    run = harness.compare(candidate=path, adjoints=True)
    assert run.verdict == "agree" and run.adjoints is None


def test_they_are_measured_where_they_are_asked_for_alone() -> None:
    asked_for = {"shape": "T=3,B=2,D=3,H=4", "references": "extended", "alone": True}
    assert harness.compare(**asked_for).adjoints is None  # type: ignore[arg-type]
    assert harness.compare(**asked_for, adjoints=True).adjoints is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(("names", "wanted"), [(["a.json", "b.HTML"], True), (["a.json", "b.md"], False), ([], False)])
def test_a_picture_s_suffix_asks_for_them(
    names: list[str], wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[bool] = []

    def compare(**given: Any) -> None:
        got.append(given["adjoints"])
        raise BadInput("enough")

    monkeypatch.setattr(comparison, "compare", compare)
    monkeypatch.setattr("harness.output.check", lambda path: None)
    outs = [word for name in names for word in ("--out", str(tmp_path / name))]
    assert cli.main(["compare", *outs]) == 2
    assert got == [wanted]
