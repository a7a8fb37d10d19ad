"""The figures of a well-known course (casebook entry C6), reproduced through handgrad's own calls."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import handgrad
from harness.budget import budgets
from harness.case import Case
from references import extended
from references.model import Model

FIGURES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "figures.json").read_text(encoding="utf-8"))

Arrays = dict[str, np.ndarray]


class Course(NamedTuple):
    """What handgrad computes, in the course's names and layout."""

    values: Arrays
    budgets: Arrays  #: the largest rounding error of each value


def _drawn(figure: str) -> Arrays:
    rng = np.random.RandomState(FIGURES[figure]["seed"])
    return {name: rng.randn(*shape) for name, shape in FIGURES[figure]["draws"].items()}


def _rnn(drawn: Arrays) -> Arrays:
    return {"W_ih": drawn["Wax"], "W_hh": drawn["Waa"], "b_ih": drawn["ba"][:, 0], "W_hy": drawn["Wya"]}


def _lstm(drawn: Arrays) -> Arrays:
    gates = ("i", "f", "c", "o")  # the course's names in handgrad's order: c is the candidate g
    W = np.concatenate([drawn[f"W{gate}"] for gate in gates])  # A H+D   columns: a_prev, then x
    H = drawn["Wy"].shape[1]
    b = np.concatenate([drawn[f"b{gate}"][:, 0] for gate in gates])
    return {"W_ih": W[:, H:], "W_hh": W[:, :H], "b_ih": b, "W_hy": drawn["Wy"]}


def _case(cell: str, weights: Arrays, b_y: np.ndarray, x: np.ndarray, states: Arrays, y: np.ndarray) -> Case:
    """A case of x and states given features first, with one bias; states that are left out are zero."""
    model = Model(cell, "tanh", "softmax-cross-entropy", "sum", biases=1, readout=True)
    B = y.shape[1]
    H = weights["W_hh"].shape[1]
    arrays = {f"{state}0": np.zeros((B, H)) for state in model.equations.STATES}
    arrays |= {name: state.T for name, state in states.items()}
    arrays |= weights | {"b_hh": np.zeros_like(weights["b_ih"]), "b_y": b_y[:, 0], "x": x.transpose(2, 1, 0), "y": y}
    return Case(model, arrays, "casebook C6")


def _answers(case: Case) -> tuple[handgrad.Gradients, Any]:
    arrays = {name: array for name, array in case.arrays.items() if name not in case.model.absent}
    return (
        handgrad.loss_and_grads(arrays, cell=case.model.cell, loss=case.model.loss),
        budgets(case, extended.gradients(case.model, case.arrays)),
    )


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _forward(figure: str, drawn: Arrays, x: np.ndarray, states: Arrays, names: dict[str, str]) -> Course:
    """Run forward; ``names`` says what the figure calls h, c and the softmax of the readout."""
    cell = figure.split("_")[0]
    weights = {"rnn": _rnn, "lstm": _lstm}[cell](drawn)
    y = np.zeros(x.shape[:0:-1], dtype=int)  # T B   the figures are of forward: any target will do
    answer, allowed = _answers(_case(cell, weights, drawn["by"], x, states, y))
    values, errors = dict(answer.trace), dict(allowed.trace)
    # |∂p/∂z| sums to at most ½ along a row of the softmax's Jacobian; exp, sum and division round by an eps each.
    peak = np.broadcast_to(errors["z"].max(axis=-1, keepdims=True), errors["z"].shape)
    errors["p"] = peak / 2 + 4 * np.finfo(float).eps
    values["p"] = _softmax(values["z"])
    features_first = {published: np.transpose(values[name], (2, 1, 0)) for name, published in names.items()}
    rounding = {published: np.transpose(errors[name], (2, 1, 0)) for name, published in names.items()}
    return Course(features_first, rounding)


def _one_step(course: Course) -> Course:
    return Course(*({name: array[..., 0] for name, array in arrays.items()} for arrays in course))


def _rnn_cell_forward(drawn: Arrays) -> Course:
    x, states = drawn["xt"][:, :, np.newaxis], {"h0": drawn["a_prev"]}
    return _one_step(_forward("rnn_cell_forward", drawn, x, states, {"h": "a_next", "p": "yt_pred"}))


def _rnn_forward(drawn: Arrays) -> Course:
    return _forward("rnn_forward", drawn, drawn["x"], {"h0": drawn["a0"]}, {"h": "a", "p": "y_pred"})


def _lstm_cell_forward(drawn: Arrays) -> Course:
    x, states = drawn["xt"][:, :, np.newaxis], {"h0": drawn["a_prev"], "c0": drawn["c_prev"]}
    names = {"h": "a_next", "c": "c_next", "p": "yt"}
    return _one_step(_forward("lstm_cell_forward", drawn, x, states, names))


def _lstm_forward(drawn: Arrays) -> Course:
    return _forward("lstm_forward", drawn, drawn["x"], {"h0": drawn["a0"]}, {"h": "a", "c": "c", "p": "y"})


def _clip(drawn: Arrays) -> Course:
    figure = FIGURES["clip"]
    clipped = handgrad.clip_elementwise({k: v * figure["scale"] for k, v in drawn.items()}, figure["max_value"])
    return Course(clipped, {name: np.zeros_like(array) for name, array in clipped.items()})  # no arithmetic: exact


def _optimize(drawn: Arrays) -> Course:
    """Forward from the hidden state that is carried in, backward, then clipping: the course's one update step."""
    figure = FIGURES["optimize"]
    x = np.eye(27)[figure["X"]].T[:, np.newaxis]  # D 1 T   one-hot
    weights = _rnn(drawn | {"ba": drawn["b"]})
    case = _case("rnn", weights, drawn["by"], x, {"h0": drawn["a_prev"]}, np.array(figure["Y"])[:, np.newaxis])
    answer, allowed = _answers(case)
    values, errors = handgrad.clip_elementwise(answer.grads, figure["clip"]), allowed.grads
    published = {"dWax": "W_ih", "dWaa": "W_hh", "dWya": "W_hy"}
    columns = {"db": "b_ih", "dby": "b_y"}

    def laid_out(grads: Arrays, loss: np.ndarray, h: np.ndarray) -> Arrays:
        matrices = {theirs: grads[ours] for theirs, ours in published.items()}
        vectors = {theirs: grads[ours][:, np.newaxis] for theirs, ours in columns.items()}
        return matrices | vectors | {"loss": np.asarray(loss), "a_last": h[-1].T}

    return Course(
        laid_out(values, answer.loss, answer.trace["h"]),
        laid_out(errors, allowed.loss, allowed.trace["h"]),
    )


BLOCKS = {
    "rnn_cell_forward": _rnn_cell_forward,
    "rnn_forward": _rnn_forward,
    "lstm_cell_forward": _lstm_cell_forward,
    "lstm_forward": _lstm_forward,
    "clip": _clip,
    "optimize": _optimize,
}


@cache
def _course(block: str) -> Course:
    return BLOCKS[block](_drawn(block))


NOT_ARRAYS = ("seed", "draws", "scale", "max_value", "X", "Y", "clip", "agreement", "argmax(dWax)")
PUBLISHED = [(block, key) for block in BLOCKS for key in FIGURES[block] if key not in NOT_ARRAYS]


@pytest.mark.parametrize(("block", "key"), PUBLISHED)
def test_a_published_figure_is_reproduced(block: str, key: str) -> None:
    published = FIGURES[block][key]
    name, *at = re.findall(r"\w+", key)
    computed, budget = (arrays[name][tuple(int(k) for k in at)] for arrays in _course(block))
    # Both sides are sound, so they may be two budgets apart. Arrays were printed to 8 decimals, numbers in full;
    # the loss of `optimize` is known to as much as its re-computations agreed to.
    printed = 0.5e-8 if isinstance(published, list) else 0
    known = FIGURES[block].get("agreement", {}).get(key, 0) * abs(np.asarray(published))
    assert computed.shape == np.shape(published)
    assert (np.abs(computed - published) <= 2 * budget + printed + known).all()


def test_the_largest_clipped_gradient_stands_where_the_course_found_it() -> None:
    """The first, in reading order, of the entries that were held at the limit."""
    dWax = _course("optimize").values["dWax"]
    assert np.argmax(dWax) == FIGURES["optimize"]["argmax(dWax)"]
    assert dWax.max() == FIGURES["optimize"]["clip"]


@pytest.mark.parametrize("block", BLOCKS)
def test_rounding_is_smaller_than_what_the_figures_show(block: str) -> None:
    """Budgets beyond half a unit of the eighth decimal would make the comparison above one that cannot fail."""
    assert all((budget < 0.5e-8).all() for budget in _course(block).budgets.values())
