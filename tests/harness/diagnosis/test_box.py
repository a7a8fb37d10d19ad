"""Broken equations found from outside, by gradients and by what a candidate traces; nothing of sound candidates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from traced_backward import candidate as written_out
from traced_backward import noisy, sound

import handgrad
from benchmarks import programs
from harness import casebook
from harness.bank.catalogue import catalogue, fault
from harness.bank.fault import TAPE, Fault
from harness.brought import bring
from harness.candidate import Candidate, InProcess, own
from harness.candidates.process import Process
from harness.case import Case, from_seed
from harness.diagnosis.asking import Asked
from harness.diagnosis.backward import Backward
from harness.diagnosis.box import Outside, outside
from harness.diagnosis.known_together import gradients
from harness.diagnosis.structures import LOOP, STACK
from harness.options import Options
from references import equations
from references.equations import losses
from references.model import REDUCTIONS, Model

LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
RNN = Model("rnn", "tanh", "cotangent", "sum", 2, False)
READOUT = Model("rnn", "tanh", "half-squared-error", "mean", 2, True)
MOST_CALLS = 100
Arrays = dict[str, np.ndarray]
PREDICTING = [loss for loss in losses.NAMES if loss not in losses.ON_HIDDEN]
#: each activation with other losses and readouts, and all of these with one cell
MODELS = [
    Model(cell, activation, loss, list(REDUCTIONS)[(k + n) % 4], (k + n) % 3, loss in PREDICTING and k % 2 == 0)
    for n, (cell, activation) in enumerate((c, a) for c in equations.cells() for a in equations.cell(c).ACTIVATIONS)
    for k, loss in enumerate(losses.NAMES)
    if (cell, activation) == ("rnn", "tanh") or k in (n % 6, 6)
]
RIGHT = [
    (f"{entry.name}/{member.path.stem}", member.path)
    for entry in casebook.entries().values()
    for member in entry.members
    if member.layout is not None and member.layout.verdict == "agree" and not entry.missing
] + [(name, programs.program(name)) for name in programs.names()]


def of(candidate: Candidate | None, model: Model, dtype: str = "float64") -> Outside:
    asked = Asked(InProcess(candidate), model, dtype)
    found = outside(asked)
    assert found is not None
    assert asked.calls <= MOST_CALLS
    return found


def planted(*faults: Fault) -> Candidate:
    def faulted(model: Model, arrays: Arrays) -> handgrad.Gradients:
        with np.errstate(all="ignore"):
            grads = dict(gradients(list(faults), Case(model, arrays, "given")))
        return handgrad.Gradients(own(model, arrays).loss, grads, {})

    return faulted


@contextmanager
def brought(path: Path) -> Iterator[Asked]:
    with Process(str(path)) as process:
        laid = bring(process, Options()).laid
        assert laid is not None
        yield Asked(laid, laid.layout.model)


# -- nothing is said of what is sound ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda model: "-".join(map(str, model.to_dict().values())))
def test_of_handgrad_nothing_is_broken(model: Model) -> None:
    found = of(None, model)
    assert (found.units, found.structure, found.explained) == ((), None, True)
    assert "1*U" in found.visible


@pytest.mark.parametrize("path", [path for _, path in RIGHT], ids=[name for name, _ in RIGHT])
def test_of_right_files_nothing_is_broken(path: Path) -> None:
    with brought(path) as asked:
        found = outside(asked)
        assert found is not None
        assert (found.units, found.explained, found.broken) == ((), True, ())
        assert asked.calls <= MOST_CALLS
        assert {"1*W", "1*U"} <= found.visible


@pytest.mark.parametrize("shown", [(), ("da",), ("dh", "dc", "da"), ("di", "df", "dg", "do", "dc", "dh_next")], ids=str)
def test_of_a_sound_trace_nothing_is_broken(shown: Sequence[str]) -> None:
    assert of(written_out(sound, *shown), LSTM).units == ()


def test_of_a_full_sound_trace_nothing_is_broken() -> None:
    for model in (RNN, LSTM):
        case = from_seed(model, {"T": 2, "B": 1, "D": 2, "H": 1, "K": 1})
        every = [one.quantity for one in Backward(case).equations if not one.graded]
        found = of(written_out(sound, *every), model)
        assert found.units == ()
        assert set(found.answered[0].declared.adjoints) == set(every)


def test_float32_inside_is_not_taken_for_a_broken_equation() -> None:
    def narrow(model: Model, arrays: Arrays) -> handgrad.Gradients:
        def single(array: np.ndarray) -> np.ndarray:
            return array.astype("float32") if array.dtype.kind == "f" else array

        return own(model, {name: single(array) for name, array in arrays.items()})

    for model in (LSTM, RNN):
        assert of(narrow, model, "float32").units == ()


# -- what is broken is found ---------------------------------------------------------------------------------------


#: kinds that are hard to take for another equation's
PLAIN = ("wrong-index", "dropped-term", "dropped-factor", "transpose", "dropped-line")
#: of the loop, the tape and the stacking there are tests of their own
STRUCTURAL = (LOOP, TAPE, STACK)


def one_of_each(model: Model) -> list[Fault]:
    """Of every equation the first fault of a plain kind, the first of all where there is none."""
    found: dict[str, Fault] = {}
    faults = [one for one in catalogue(model.cell, model.loss, weak=False) if one.concerns(model)]
    faults = [one for one in faults if one.equation not in STRUCTURAL and not one.id.endswith("/n")]
    for one in [*(one for one in faults if one.kind in PLAIN), *faults]:
        if model is not READOUT or one.equation.startswith(("6", "7")):
            found.setdefault(one.equation, one)
    return list(found.values())


FAULTS = [(model, one) for model in (RNN, LSTM, READOUT) for one in one_of_each(model)]


@pytest.mark.parametrize(
    ("model", "one"), FAULTS, ids=[f"{model.cell}-{model.loss}-{one.equation}" for model, one in FAULTS]
)
def test_a_planted_fault_lands_in_a_unit_with_its_number(model: Model, one: Fault) -> None:
    found = of(planted(one), model)
    assert found.explained
    assert len(found.units) == 1, (one.id, found.units)
    tag = {"7*n": "7*"}.get(one.equation, one.equation)  # both are lines of dz, and only that is seen
    assert tag in found.units[0], (one.id, found.units)
    assert found.broken == found.units[0]


def test_faults_are_there_for_every_equation() -> None:
    assert {one.equation for model, one in FAULTS if model is LSTM} >= {"5*h", "2*i", "3*", "1*b", "1*0", "7*F"}
    assert {one.equation for model, one in FAULTS if model is READOUT} >= {"7*", "7*n", "6*h", "6*W", "6*b"}


def test_what_only_appears_as_a_product_is_one_unit_and_a_trace_parts_it() -> None:
    found = of(written_out(noisy_factor), LSTM)
    assert [set(unit) for unit in found.units] == [{"4*i", "2*i"}]
    assert of(written_out(noisy_factor, "di"), LSTM).units == (("2*i",),)


def noisy_factor(name: str, value: np.ndarray) -> np.ndarray:
    return value * 1.5 if name == "da_i" else value


@pytest.mark.parametrize("quantity", ["dh", "dc", "df", "da_g", "dh_next", "dc_next", "dW_hh", "dx", "dc0"])
def test_with_a_trace_the_broken_equation_alone_is_named(quantity: str) -> None:
    case = from_seed(LSTM, {"T": 2, "B": 1, "D": 2, "H": 1, "K": 1})
    equations_ = Backward(case).equations
    every = [one.quantity for one in equations_ if not one.graded]
    tag = next(one.tags[0] for one in equations_ if one.quantity == quantity)
    found = of(written_out(noisy(quantity), *every), LSTM)
    assert found.units == ((tag,),)


@pytest.mark.parametrize(
    "ids",
    [
        ("lstm/4*c/dropped-factor/f", "lstm/4*i/wrong-variable/g-f"),
        ("lstm/1*U/wrong-index/h-later", "lstm/3*/activated-twice"),
    ],
    ids=" + ".join,
)
def test_two_faults_are_two_units(ids: Sequence[str]) -> None:
    found = of(planted(*map(fault, ids)), LSTM)
    assert found.explained
    assert len(found.units) == 2
    for name in ids:
        assert any(fault(name).equation in unit for unit in found.units), found.units


STRUCTURES: dict[str, str] = {
    "lstm/1*t/loop/forward": "the loop runs forward in time",
    "lstm/tape/stacking/gates-ifog": "the gates are unpacked in the order i, f, o, g in place of i, f, g, o",
    "lstm/tape/stacking/hc": "h and c of the tape are exchanged",
    "lstm/1*/stacking/da-by-unit": "da is stacked by hidden unit in place of by gate",
    "rnn/1*t/truncated/loop-2": "the loop runs over the last 2 steps alone",
}


@pytest.mark.parametrize("planted_", STRUCTURES)
def test_mistakes_of_loop_tape_and_stacking_are_said(planted_: str) -> None:
    one = fault(planted_)
    found = of(planted(one), {"lstm": LSTM, "rnn": RNN}[one.cell])
    assert found.structure is not None
    assert found.structure.sentence == STRUCTURES[planted_]
    assert found.units[0] == found.structure.tags
    assert one.equation in found.broken


# -- candidates that fail, or give little --------------------------------------------------------------------------


def test_a_candidate_that_never_answers_comes_to_nothing() -> None:
    def never(model: Model, arrays: Arrays) -> handgrad.Gradients:
        raise ZeroDivisionError

    def infinite(model: Model, arrays: Arrays) -> handgrad.Gradients:
        found = own(model, arrays)
        return found._replace(grads={**found.grads, "W_hh": np.full_like(found.grads["W_hh"], np.inf)})

    for candidate in (never, infinite):
        assert outside(Asked(InProcess(candidate), LSTM)) is None


def test_probes_that_a_candidate_fails_at_are_left_out() -> None:
    wrong = planted(fault("lstm/4*f/wrong-index/c_prev-later"))

    def picky(model: Model, arrays: Arrays) -> handgrad.Gradients:
        if len(arrays["x"]) > 3 or np.abs(arrays["G"]).max() > 1e3:
            raise ValueError("too long or too loud")
        return wrong(model, arrays)

    found = of(picky, LSTM)
    assert not {"long", "loud"} & {one.probe.name for one in found.answered}
    assert len(found.units) == 1
    assert "4*f" in found.units[0]


@pytest.mark.parametrize(
    "kept", [("W_ih", "W_hh", "b_ih", "b_hh"), ("W_ih", "W_hh", "b_ih"), ("W_ih", "W_hh", "x")], ids=" ".join
)
def test_few_gradients_still_tell(kept: Sequence[str]) -> None:
    def few(candidate: Candidate) -> Candidate:
        def give(model: Model, arrays: Arrays) -> handgrad.Gradients:
            found = candidate(model, arrays)
            return found._replace(grads={name: found.grads[name] for name in kept})

        return give

    assert of(few(own), LSTM).units == ()
    found = of(few(planted(fault("lstm/4*f/wrong-index/c_prev-later"))), LSTM)
    assert found.explained
    assert len(found.units) == 1
    assert "4*f" in found.units[0]


def test_nothing_is_visible_of_arrays_that_are_not_given() -> None:
    def few(model: Model, arrays: Arrays) -> handgrad.Gradients:
        found = own(model, arrays)
        return found._replace(grads={name: grad for name, grad in found.grads.items() if name not in ("x", "h0", "c0")})

    whole, part = of(None, LSTM).visible, of(few, LSTM).visible
    assert whole - part == {"1*x", "1*0"}


def test_a_random_candidate_is_not_explained_or_broken_all_over() -> None:
    def random(model: Model, arrays: Arrays) -> handgrad.Gradients:
        rng = np.random.default_rng(0)
        found = own(model, arrays)
        return found._replace(grads={name: rng.normal(size=grad.shape) for name, grad in found.grads.items()})

    found = of(random, RNN)
    assert len(found.units) > 3 or not found.explained
