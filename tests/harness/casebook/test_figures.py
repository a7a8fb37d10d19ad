"""Published figures, reproduced by the casebook's own candidates; all draws come from NumPy's legacy generator."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

Values = dict[str, Any]
Load = Callable[[str, str], ModuleType]
Drawn = Callable[[str, str, int], tuple[Values, Values]]

#: half a unit of the last printed decimal, and what float64 may add to it
EIGHT_DECIMALS, SIX_DECIMALS = 0.5e-8 + 1e-13, 0.5e-6 + 1e-13
#: of figures printed in full: to how much two computations of them met, with different BLAS
IN_FULL = 2e-12


def draws(seed: int, **shapes: tuple[int, ...]) -> Values:
    rng = np.random.RandomState(seed)
    return {name: rng.randn(*shape) for name, shape in shapes.items()}


# ---- C6: the course's building blocks -----------------------------------------------------------

RNN = {"Waa": (5, 5), "Wax": (5, 3), "Wya": (2, 5), "ba": (5, 1), "by": (2, 1)}
LSTM = {"Wf": (5, 8), "bf": (5, 1), "Wi": (5, 8), "bi": (5, 1), "Wo": (5, 8), "bo": (5, 1), "Wc": (5, 8), "bc": (5, 1)}
LSTM |= {"Wy": (2, 5), "by": (2, 1)}


def test_rnn_cell_forward(load: Load) -> None:
    rnn = load("building-blocks", "rnn")
    drawn = draws(1, xt=(3, 10), a_prev=(5, 10), **RNN)
    a_next, _ = rnn.rnn_cell_forward(drawn["xt"], drawn["a_prev"], drawn)
    published = [0.59584544, 0.18141802, 0.61311866, 0.99808218, 0.85016201, 0.99980978, -0.18887155, 0.99815551]
    assert a_next[4] == pytest.approx([*published, 0.6531151, 0.82872037], abs=EIGHT_DECIMALS)
    published = [0.9888161, 0.01682021, 0.21140899, 0.36817467, 0.98988387, 0.88945212, 0.36920224, 0.9966312]
    assert rnn.predictions(a_next, drawn)[1] == pytest.approx([*published, 0.9982559, 0.17746526], abs=EIGHT_DECIMALS)


def test_rnn_forward(load: Load) -> None:
    rnn = load("building-blocks", "rnn")
    drawn = draws(1, x=(3, 10, 4), a0=(5, 10), **RNN)
    a, _ = rnn.rnn_forward(drawn["x"], drawn["a0"], drawn)
    assert a[4][1] == pytest.approx([-0.99999375, 0.77911235, -0.99861469, -0.99833267], abs=EIGHT_DECIMALS)
    published = [0.79560373, 0.86224861, 0.11118257, 0.81515947]
    assert rnn.predictions(a, drawn)[1][3] == pytest.approx(published, abs=EIGHT_DECIMALS)


def test_lstm_cell_forward(load: Load) -> None:
    lstm = load("building-blocks", "lstm")
    drawn = draws(1, xt=(3, 10), a_prev=(5, 10), c_prev=(5, 10), **LSTM)
    a_next, c_next, _ = lstm.lstm_cell_forward(drawn["xt"], drawn["a_prev"], drawn["c_prev"], drawn)
    published = [-0.66408471, 0.0036921, 0.02088357, 0.22834167, -0.85575339, 0.00138482, 0.76566531, 0.34631421]
    assert a_next[4] == pytest.approx([*published, -0.00215674, 0.43827275], abs=EIGHT_DECIMALS)
    published = [0.63267805, 1.00570849, 0.35504474, 0.20690913, -1.64566718, 0.11832942, 0.76449811, -0.0981561]
    assert c_next[2] == pytest.approx([*published, -0.74348425, -0.26810932], abs=EIGHT_DECIMALS)
    published = [0.79913913, 0.15986619, 0.22412122, 0.15606108, 0.97057211, 0.31146381, 0.00943007, 0.12666353]
    assert lstm.predictions(a_next, drawn)[1] == pytest.approx([*published, 0.39380172, 0.07828381], abs=EIGHT_DECIMALS)


def test_lstm_forward(load: Load) -> None:
    lstm = load("building-blocks", "lstm")
    drawn = draws(1, x=(3, 10, 7), a0=(5, 10), **LSTM)
    a, c, _ = lstm.lstm_forward(drawn["x"], drawn["a0"], drawn)
    assert a[4][3][6] == pytest.approx(0.17211776753291672, rel=IN_FULL)
    assert lstm.predictions(a, drawn)[1][4][3] == pytest.approx(0.9508734618501101, rel=IN_FULL)
    assert c[1][2][1] == pytest.approx(-0.8555449167181982, rel=IN_FULL)


def test_optimize(load: Load) -> None:
    """One name's loss and gradients, clipped to ±5 outside, as the course's update step does before it steps."""
    names = load("building-blocks", "names")
    shapes = {"Wax": (100, 27), "Waa": (100, 100), "Wya": (27, 100), "b": (100, 1), "by": (27, 1)}
    drawn = draws(1, a_prev=(100, 1), **shapes)
    a_prev = drawn.pop("a_prev")
    data = {"X": [12, 3, 5, 11, 22, 3], "Y": [4, 14, 11, 22, 25, 26], "a_prev": a_prev}
    loss, grads = names.loss_and_grads(drawn, data)
    clipped = {name: np.clip(grad, -5, 5) for name, grad in grads.items()}
    assert loss == pytest.approx(126.5039757216534, rel=IN_FULL)
    assert clipped["Waa"][1][2] == pytest.approx(0.19470931534726443, rel=IN_FULL)
    assert np.argmax(clipped["Wax"]) == 93
    assert clipped["Wya"][1][2] == pytest.approx(-0.007773876032004488, rel=IN_FULL)
    assert clipped["b"][4] == pytest.approx([-0.06809825], abs=EIGHT_DECIMALS)
    assert clipped["by"][1] == pytest.approx([0.01538192], abs=EIGHT_DECIMALS)
    _, (_, a, _) = names.rnn_forward(data["X"], data["Y"], a_prev, drawn)
    assert a[5][4] == pytest.approx([-1.0], abs=EIGHT_DECIMALS)


# ---- C3: the binary adder -----------------------------------------------------------------------


def test_the_adder_before_its_first_update(load: Load) -> None:
    right = load("binary-adder", "right")
    rng = np.random.RandomState(0)
    params = {name: 2 * rng.random_sample(shape) - 1 for name, shape in
              (("W_0", (2, 16)), ("W_1", (16, 1)), ("W_h", (16, 16)))}  # fmt: skip
    data = right.addition(rng.randint(128), rng.randint(128))
    _, predictions = right.forward(params, data["x"])
    assert np.abs(data["y"] - predictions).sum() == pytest.approx(3.456387, abs=SIX_DECIMALS)
    assert right.loss_and_grads(params, data)[0] == pytest.approx(((data["y"] - predictions) ** 2).sum() / 2, rel=1e-14)


def test_an_addition_is_one(load: Load) -> None:
    right = load("binary-adder", "right")
    for a, b in ((0, 0), (1, 127), (85, 42), (127, 127)):
        data = right.addition(a, b)
        values = 2 ** np.arange(8) @ np.hstack([data["x"], data["y"]])
        assert values.tolist() == [a, b, a + b]


# ---- C4: the LSTM without the output tanh -------------------------------------------------------


def test_the_sequence_before_its_first_update(load: Load) -> None:
    right = load("lstm-without-tanh", "right")
    rng = np.random.RandomState(0)
    rng.rand(100)  # the last initialiser call, of bo, from where the inputs follow on
    data = {"x": [rng.random_sample(50) for _ in range(4)], "y": [-0.5, 0.2, 0.1, -0.5]}
    loss, _ = right.loss_and_grads(right.initial(100, 50), data)
    assert loss == pytest.approx(0.7534838862531601, rel=IN_FULL)


def test_the_primes_before_their_first_update(load: Load) -> None:
    right = load("lstm-without-tanh", "right")
    primes = [n for n in range(2, 100) if all(n % d for d in range(2, n))]
    assert len(primes) == 25
    cyclic = np.array(primes * 4) / 100
    data = {"x": [cyclic[k : k + 50] for k in range(10)], "y": [cyclic[k + 50] for k in range(10)]}
    loss, _ = right.loss_and_grads(right.initial(100, 50), data)
    assert loss == pytest.approx(0.17973085380850418, rel=IN_FULL)


def test_its_initialiser_gives_all_gates_the_same_weights(load: Load) -> None:
    params, _ = load("lstm-without-tanh", "right").example(3)
    for kind in "wb":
        assert all(np.array_equal(params[f"{kind}g"], params[f"{kind}{gate}"]) for gate in "ifo")


# ---- C1: Theano versus Python -------------------------------------------------------------------


def test_the_table_of_the_question(load: Load, drawn: Drawn) -> None:
    """Σ Δ cancels where Σ|Δ| does not; only the last step's adjoint, which is the last row of dWxh, is right."""
    params, data = drawn("theano-versus-python", "broken", 1)
    assert np.array_equal(data["x"], np.eye(5)) and np.array_equal(data["y"], np.eye(5))
    _, wrong = load("theano-versus-python", "broken").loss_and_grads(params, data)
    _, right = load("theano-versus-python", "right").loss_and_grads(params, data)
    delta = {name: wrong[name] - right[name] for name in right}
    for name in ("Who", "bho"):
        assert not delta[name].any()
    for name in ("Wxh", "Whh", "bhh"):
        assert (delta[name] != 0).any()
        assert np.abs(delta[name].sum()) < np.abs(delta[name]).sum() / 1.5
    rows = np.abs(delta["Wxh"]).max(axis=1)  # one per step
    assert rows[-1] == 0
    assert (rows[:-1] > 1e-3).all()
