"""Reverse mode of our own against differences of its own forward, and against models it has not been written for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.case import from_seed
from references import equations, graph
from references.arithmetic import Floats
from references.equations import losses
from references.graph import CONSTANT, INPUT, RECURRENT, WHOLE
from references.model import Model
from references.reverse import Reverse

SIZES = {"T": 4, "B": 2, "D": 3, "H": 5, "K": 6}
CELLS = [(cell, activation) for cell in equations.cells() for activation in equations.cell(cell).ACTIVATIONS]


def _reversed(model: Model, arrays: dict[str, np.ndarray]) -> Reverse:
    with np.errstate(over="ignore"):
        return Reverse(graph.record(model, {name: array.shape for name, array in arrays.items()}), arrays, Floats())


@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_gradients_are_the_differences_of_the_loss(cell: str, activation: str, loss: str) -> None:
    """Along a random direction in everything at once, by central differences in longdouble with steps 1e-6 and 2e-6."""
    model = Model(cell, activation, loss, "mean-t", 2, readout=loss not in losses.ON_HIDDEN)
    case = from_seed(model, SIZES)
    arrays = model.for_equations(case.arrays, np.longdouble)
    rng = np.random.default_rng(1)
    direction = {name: rng.normal(size=arrays[name].shape) for name in model.differentiated}

    def along(step: float) -> np.longdouble:
        moved = arrays | {name: arrays[name] + step * direction[name] for name in direction}
        return np.longdouble(_reversed(model, moved).loss)

    h = np.longdouble(1e-6)
    coarse, fine = ((along(k * h) - along(-k * h)) / (2 * k * h) for k in (2, 1))
    expected = (4 * fine - coarse) / 3
    done = _reversed(model, arrays)
    found = sum((done.gradient(name) * direction[name]).sum() for name in direction)
    assert abs(found - expected) < 1e-11 * max(1, abs(expected))


def test_quantities_know_how_they_depend_on_time() -> None:
    model = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, readout=True)
    arrays = model.for_equations(from_seed(model, SIZES).arrays)
    found = graph.record(model, {name: array.shape for name, array in arrays.items()})
    products = {node.level: node for node in found.nodes if node.op == "matmul"}
    assert set(products) == {INPUT, RECURRENT}
    assert products[INPUT].args[0] is found.x
    assert found.loss.level == WHOLE
    assert all(node.level == CONSTANT for node in found.leaves.values())
    assert found.trace["z"] not in found.core  # the readout feeds no state: it needs no loop
    assert {found.after["h"], found.after["c"], found.trace["a"]} <= set(found.core)
    assert found.trace["a"].shape == (SIZES["B"], 4 * SIZES["H"])


def test_a_cell_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state read twice, a parameter used elementwise, a product of two quantities, an input that skips the state."""

    def u(ops: Any, x: Any, W_ih: Any) -> Any:
        """(1) A gate from the input alone."""
        return ops.sigmoid(x @ W_ih.mT)

    def h_next(ops: Any, u: Any, h: Any, W_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        """(2) A leaky product."""
        return (h @ W_hh.mT) * u - h * b_ih / 2 + b_hh * u

    cell = SimpleNamespace(
        GATES=("u",), STATES=("h",), ACTIVATIONS=("identity",), PARAMETERS=("W_ih", "W_hh", "b_ih", "b_hh"),
        EQUATIONS=(u, h_next),
    )  # fmt: skip
    monkeypatch.setattr(equations, "cell", lambda name: cell)
    monkeypatch.setattr(equations, "cells", lambda: ("other",))
    model = Model("other", "identity", "cotangent", "sum", 2, readout=False)
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape).astype(np.longdouble) for name, shape in model.shapes(SIZES).items()}
    done = _reversed(model, arrays)
    for name in model.differentiated:
        for index in [(0,) * arrays[name].ndim, tuple(size - 1 for size in arrays[name].shape)]:
            step = np.zeros_like(arrays[name])
            step[index] = 1e-5
            up, down = (_reversed(model, arrays | {name: arrays[name] + k * step}).loss for k in (1, -1))
            assert abs((up - down) / 2e-5 - done.gradient(name)[index]) < 1e-8, (name, index)


def test_a_leaf_that_the_loss_does_not_depend_on_has_a_zero_gradient() -> None:
    model = Model("rnn", "tanh", "cotangent", "sum", 2, readout=False)
    arrays = model.for_equations(from_seed(model, SIZES).arrays)
    arrays["G"], arrays["G_h"] = 0 * arrays["G"], 0 * arrays["G_h"]
    assert not _reversed(model, arrays).gradient("W_ih").any()
