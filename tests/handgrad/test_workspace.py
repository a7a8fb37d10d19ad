"""A workspace saves memory and changes no bit."""

from __future__ import annotations

import numpy as np
import pytest

import handgrad
from handgrad import Workspace, cells
from harness.case import from_seed
from references.equations import losses
from references.model import Model

#: Shapes that grow, shrink, come again and swap two sizes of one product.
SHAPES = ((3, 2, 4, 5, 6), (7, 2, 4, 5, 6), (7, 2, 4, 5, 6), (3, 2, 4, 5, 6), (2, 3, 4, 5, 6), (1, 1, 1, 1, 1))


def _run(
    model: Model, shape: tuple[int, ...], dtype: str, seed: int, workspace: Workspace | None
) -> handgrad.Gradients:
    case = from_seed(model, dict(zip("TBDHK", shape, strict=True)), dtype, seed)
    return handgrad.loss_and_grads(
        case.arrays, cell=model.cell, activation=model.activation, loss=model.loss, workspace=workspace
    )


def _bits(answer: handgrad.Gradients) -> dict[str, tuple[str, bytes]]:
    parts = {"loss": answer.loss} | answer.grads | {f"trace {name}": value for name, value in answer.trace.items()}
    return {name: (str(part.dtype), np.asarray(part).tobytes()) for name, part in parts.items()}


def _model(cell: str, loss: str = "softmax-cross-entropy") -> Model:
    return Model(cell, cells.get(cell).ACTIVATIONS[0], loss, "sum", 2, readout=loss not in losses.ON_HIDDEN)


@pytest.mark.parametrize("loss", ["softmax-cross-entropy", "cotangent"])
@pytest.mark.parametrize("cell", cells.names())
def test_the_same_bits_with_and_without_on_calls_of_changing_shapes(cell: str, loss: str) -> None:
    workspace, model = Workspace(), _model(cell, loss)
    for seed, shape in enumerate(SHAPES):
        with_one = _run(model, shape, "float64", seed, workspace)
        assert _bits(with_one) == _bits(_run(model, shape, "float64", seed, None)), shape


def test_one_workspace_serves_cells_and_dtypes_in_turn() -> None:
    workspace, shape = Workspace(), SHAPES[0]
    for seed, (cell, dtype) in enumerate(2 * [(cell, d) for cell in cells.names() for d in ("float32", "float64")]):
        model = _model(cell)
        with_one = _run(model, shape, dtype, seed, workspace)
        assert _bits(with_one) == _bits(_run(model, shape, dtype, seed, None)), (cell, dtype)


@pytest.mark.parametrize("cell", cells.names())
def test_calls_of_one_shape_use_the_same_memory_and_calls_without_do_not(cell: str) -> None:
    workspace, model = Workspace(), _model(cell)
    one, two = (_run(model, SHAPES[0], "float64", seed, workspace) for seed in (0, 1))
    assert np.shares_memory(one.grads["x"], two.grads["x"])
    assert np.shares_memory(one.trace["h"], two.trace["h"])
    kept, other = (_run(model, SHAPES[0], "float64", seed, None) for seed in (0, 1))
    assert not any(np.shares_memory(kept.grads[name], other.grads[name]) for name in kept.grads)


def test_an_array_is_handed_out_again_while_shape_and_dtype_stay() -> None:
    workspace = Workspace()
    first = workspace.empty("h", (2, 3), "float64")
    assert workspace.empty("h", (2, 3), np.dtype("float64")) is first
    assert workspace.empty("c", (2, 3), "float64") is not first
    for shape, dtype in (((3, 2), "float64"), ((2, 3), "float32")):
        other = workspace.empty("h", shape, dtype)
        assert (other.shape, other.dtype) == (shape, dtype)
