"""handgrad and the references against extended precision: no element is off by more than rounding explains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handgrad
from harness.budget import Budgets, budgets
from harness.candidate import own
from harness.case import DTYPES, Case, from_seed
from references import equations, extended, protocol
from references.equations import losses
from references.model import REDUCTIONS, Model
from references.protocol import Answer

SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}  # pairwise distinct: no transpose fits by accident
CELLS = [(cell, activation) for cell in equations.cells() for activation in equations.cell(cell).ACTIVATIONS]


def _model(cell: str, activation: str, loss: str) -> Model:
    return Model(cell, activation, loss, "mean", 2, readout=loss not in losses.ON_HIDDEN)


MODELS = [_model(*pair, loss) for pair in CELLS for loss in losses.NAMES]


def _compiled(model: Model, dtype: str) -> bool:
    """JAX compiles every model and dtype anew, so it has every loss for one activation of each cell, every activation
    for one loss, and the dtypes in turn: a loss has both, one with each cell.
    """
    first = model.activation == model.equations.ACTIVATIONS[0]
    turn = equations.cells().index(model.cell) + losses.NAMES.index(model.loss)
    return (first or model.loss == losses.NAMES[0]) and DTYPES[turn % 2] == dtype


def _id(model: Model) -> str:
    return f"{model.cell}-{model.activation}-{model.loss}"


@cache
def _judged(model: Model, dtype: str) -> tuple[Case, Answer, Budgets]:
    return _with_truth(from_seed(model, SIZES, dtype))


def _with_truth(case: Case) -> tuple[Case, Answer, Budgets]:
    truth = extended.gradients(case.model, case.arrays)
    return case, truth, budgets(case, truth)


def _outside(answer: Answer | handgrad.Gradients, truth: Answer, allowed: Budgets) -> list[str]:
    """What of loss, gradients and trace has an element whose |Δ| is not within a finite budget."""
    triples = {"loss": (answer.loss, truth.loss, allowed.loss)}
    triples |= {name: (grad, truth.grads[name], allowed.grads[name]) for name, grad in answer.grads.items()}
    shared = [name for name in answer.trace if name in truth.trace]
    triples |= {f"trace {name}": (answer.trace[name], truth.trace[name], allowed.trace[name]) for name in shared}
    return [
        name
        for name, (one, true, budget) in triples.items()
        if not ((np.abs(one - true) <= budget) & np.isfinite(budget)).all()
    ]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("model", MODELS, ids=_id)
def test_handgrad_agrees(model: Model, dtype: str) -> None:
    case, truth, allowed = _judged(model, dtype)
    answer = own(model, case.copies())
    assert set(answer.grads) == set(truth.grads)
    assert set(model.equations.STATES) < {*answer.trace, "a"}
    assert _outside(answer, truth, allowed) == []


def _supported(name: str) -> list[Model]:
    return [model for model in MODELS if not protocol.available()[name].unsupported(model)]


def _sparsely(model: Model, dtype: str) -> bool:
    """Of what JAX has, every loss for one cell and every activation: for those that compile or build for longer."""
    turn = losses.NAMES.index(model.loss)
    its_turn = equations.cells().index(model.cell) == turn // 2 % len(equations.cells())
    return _compiled(model, dtype) and (turn == 0 or its_turn)


#: Which references the grid has, and which models and dtypes of each.
GRID_HAS: dict[str, Callable[[Model, str], bool]] = {
    "torch": lambda model, dtype: True,
    "torch-nn": lambda model, dtype: True,
    "jax": _compiled,
    "jax-jvp": _sparsely,
    "theano": _sparsely,
    "complex-step": _compiled,
}
GRID = [
    pytest.param(name, model, dtype, id=f"{name}-{_id(model)}-{dtype}")
    for name, has in GRID_HAS.items()
    for model in _supported(name)
    for dtype in DTYPES
    if has(model, dtype)
]


@pytest.mark.parametrize(("name", "model", "dtype"), GRID)
def test_a_reference_agrees(ask: Callable[[str, Case], Answer], name: str, model: Model, dtype: str) -> None:
    case, truth, allowed = _judged(model, dtype)
    answer = ask(name, case)
    its_own = np.dtype(np.longdouble if name == "complex-step" else dtype)
    assert {part.dtype for part in (answer.loss, *answer.grads.values(), *answer.trace.values())} == {its_own}
    assert set(answer.grads) == set(truth.grads)
    assert set(answer.trace) == ({"h", "z"} & set(truth.trace) if name == "torch-nn" else set(truth.trace))
    assert _outside(answer, truth, allowed) == []


def test_jax_has_every_loss_in_every_dtype_and_every_activation() -> None:
    """What the grid leaves out for JAX is combinations only."""
    compiled = [(model, dtype) for model in MODELS for dtype in DTYPES if _compiled(model, dtype)]
    assert {(m.loss, dtype) for m, dtype in compiled} == {(loss, dtype) for loss in losses.NAMES for dtype in DTYPES}
    assert {(m.cell, m.activation) for m, _ in compiled} == set(CELLS)
    assert {(m.cell, dtype) for m, dtype in compiled} == {(cell, d) for cell, _ in CELLS for d in DTYPES}


def test_what_is_sparse_has_every_loss_every_activation_and_every_dtype() -> None:
    sparse = [(model, dtype) for model in MODELS for dtype in DTYPES if _sparsely(model, dtype)]
    assert {m.loss for m, _ in sparse} == set(losses.NAMES)
    assert {(m.cell, m.activation) for m, _ in sparse} == set(CELLS)
    assert {dtype for _, dtype in sparse} == set(DTYPES)


def test_torch_nn_has_the_models_that_it_is_to_pin() -> None:
    """Otherwise the comparison above would pass for having nothing to compare."""
    assert {(model.cell, model.activation) for model in _supported("torch-nn")} == {
        ("lstm", "tanh"),
        ("rnn", "tanh"),
        ("rnn", "relu"),
    }
    unsupported = protocol.available()["torch-nn"].unsupported(_model("lstm", "identity", "cotangent"))
    assert unsupported == "torch.nn has no lstm with activation identity"


EVERYBODY = ("handgrad", *GRID_HAS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EVERYBODY)
@pytest.mark.parametrize(("cell", "array"), [("lstm", "x"), ("lstm", "W_hy"), ("rnn", "x"), ("rnn", "W_hy")])
def test_everybody_agrees_where_everything_saturates(
    ask: Callable[[str, Case], Answer], cell: str, array: str, name: str, dtype: str
) -> None:
    """Pre-activations, or a readout, beyond ±10⁴: the exponentials of a form that is not stable overflow there."""
    case = from_seed(_model(cell, "tanh", "softmax-cross-entropy"), SIZES, dtype)
    case = replace(case, arrays=case.copies() | {array: case.arrays[array] * np.asarray(20_000, dtype)})
    _, truth, allowed = _with_truth(case)
    assert np.abs(truth.trace["a" if array == "x" else "z"]).max() > 10_000
    answer = own(case.model, case.copies()) if name == "handgrad" else ask(name, case)
    assert _outside(answer, truth, allowed) == []


@pytest.mark.parametrize("name", EVERYBODY)
def test_everybody_agrees_where_a_tail_is_small_but_counts(ask: Callable[[str, Case], Answer], name: str) -> None:
    """ln(1 + e^z) is not z at z = 25, by 1e-11: torch's own softplus takes it to be, from 20 on."""
    case = from_seed(_model("rnn", "tanh", "binary-cross-entropy"), SIZES, "float64")
    case = replace(case, arrays=case.copies() | {"b_y": case.arrays["b_y"] + 21})
    _, truth, allowed = _with_truth(case)
    assert ((truth.trace["z"] > 20) & (truth.trace["z"] < 25)).any()
    answer = own(case.model, case.copies()) if name == "handgrad" else ask(name, case)
    assert _outside(answer, truth, allowed) == []


F_ORDER = [(cell, name) for cell in equations.cells() for name in _model(cell, "tanh", "cotangent").axes]


@pytest.mark.parametrize(("cell", "name"), F_ORDER)
def test_handgrad_agrees_whatever_the_order_in_memory(cell: str, name: str) -> None:
    """A transposed view, which is what becomes of a features-first array, is as good as any."""
    case, truth, allowed = _judged(_model(cell, "tanh", "cotangent"), "float64")
    answer = own(case.model, case.copies() | {name: np.asfortranarray(case.arrays[name])})
    assert _outside(answer, truth, allowed) == []


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    cell, activation = draw(st.sampled_from(CELLS))
    loss = draw(st.sampled_from(losses.NAMES))
    model = Model(
        cell,
        activation,
        loss,
        draw(st.sampled_from(tuple(REDUCTIONS))),
        biases=draw(st.integers(0, 2)),
        readout=loss not in losses.ON_HIDDEN and draw(st.booleans()),
    )
    largest = {"T": 8, "B": 4, "D": 5, "H": 6, "K": 5}
    sizes = {axis: draw(st.integers(1, size)) for axis, size in largest.items()}
    case = from_seed(model, sizes, draw(st.sampled_from(DTYPES)), draw(st.integers(0, 999)))
    scale = case.dtype.type(draw(st.floats(1e-3, 3)))
    left_out = draw(st.sets(st.sampled_from(model.optional))) if model.optional else set()
    arrays = {name: array for name, array in case.arrays.items() if name not in left_out}
    return replace(case, arrays={name: a * scale if name.startswith("W_") else a for name, a in arrays.items()})


@settings(max_examples=50, deadline=None, derandomize=True)
@given(case=_cases())
def test_handgrad_agrees_on_any_model_of_any_shape(case: Case) -> None:
    arrays = {name: array for name, array in case.copies().items() if name not in case.model.absent}
    answer = own(case.model, arrays)
    assert set(answer.grads) == set(case.model.graded)
    _, truth, allowed = _with_truth(case)
    assert _outside(answer, truth, allowed) == []


@pytest.mark.parametrize("name", ["torch", "torch-nn"])
@pytest.mark.parametrize("seed", [0, 3, 6])
def test_a_softmax_that_is_nearly_certain_is_sound(ask: Callable[[str, Case], Answer], name: str, seed: int) -> None:
    """Large logits: p − 1 cancels, and torch takes p from the logarithm of the sum, as samples do."""
    model = Model("rnn", "relu", "softmax-cross-entropy", "mean", 1, True)
    drawn = from_seed(model, seed=seed)
    case = replace(drawn, arrays=drawn.copies() | {"W_hy": 25 * drawn.arrays["W_hy"]})
    _, truth, allowed = _with_truth(case)
    assert truth.trace["z"].max() > 30
    assert _outside(ask(name, case), truth, allowed) == []
