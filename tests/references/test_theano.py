"""PyTensor: the graph as it was written, in the case's precision, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.case import DTYPES, Case, from_seed
from references import extended
from references.model import Model

pytest.importorskip("pytensor", reason="pytensor is not installed")

import pytensor

from references import theano

SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}
MODEL = Model("lstm", "tanh", "softmax-cross-entropy", "mean", 2, True)


def _case(dtype: str = "float64", sizes: dict[str, int] = SIZES) -> Case:
    return from_seed(MODEL, sizes, dtype)


def _variables(graph: Any) -> Iterator[Any]:
    """All variables of a compiled graph, those inside its scans included."""
    yield from graph.variables
    for node in graph.apply_nodes:
        if hasattr(node.op, "fgraph"):
            yield from _variables(node.op.fgraph)


def _constant(variable: Any) -> bool:
    """A number that the equations or PyTensor's gradients contain; it is as exact in either precision."""
    if variable.owner is None:
        return hasattr(variable, "data")
    return all(_constant(one) for one in variable.owner.inputs)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_quantity_has_another_precision_than_the_case(dtype: str) -> None:
    case = _case(dtype)
    theano.gradients(MODEL, case.arrays)
    run, _ = theano._compiled(
        MODEL, dtype, tuple((name, a.ndim) for name, a in MODEL.for_equations(case.arrays).items())
    )
    graph = run.maker.fgraph
    assert any(hasattr(node.op, "fgraph") for node in graph.apply_nodes)  # a scan
    floats = [variable for variable in _variables(graph) if "float" in getattr(variable, "dtype", "")]
    assert len(floats) > 100
    assert {variable.dtype for variable in floats if not _constant(variable)} == {dtype}


def test_one_graph_serves_any_sizes_down_to_one() -> None:
    for sizes in (SIZES, dict.fromkeys(SIZES, 1), {**SIZES, "T": 1}, {**SIZES, "B": 1}):
        case = _case(sizes=sizes)
        answer, truth = theano.gradients(MODEL, case.arrays), extended.gradients(MODEL, case.arrays)
        for name, grad in answer.grads.items():
            assert grad.shape == case.arrays[name].shape
            assert np.abs(grad - truth.grads[name]).max() <= 1e-13 * max(1, np.abs(truth.grads[name]).max())
    assert theano._compiled.cache_info().currsize <= theano._compiled.cache_info().misses


def test_a_large_logit_does_not_overflow() -> None:
    """Nothing rewrites the graph, so log Σ exp must be shifted by the equations' functions themselves."""
    case = _case()
    arrays = case.copies() | {"b_y": case.arrays["b_y"] * 10_000}
    answer, truth = theano.gradients(MODEL, arrays), extended.gradients(MODEL, arrays)
    assert np.abs(truth.trace["z"]).max() > 1000
    assert all(np.allclose(grad, truth.grads[name], rtol=1e-10, atol=1e-13) for name, grad in answer.grads.items())
    assert abs(answer.loss - truth.loss) < 1e-12 * truth.loss


def test_settings_are_what_they_were() -> None:
    before = pytensor.config.cxx, pytensor.config.mode, pytensor.config.floatX
    theano.gradients(MODEL, _case().arrays)
    assert (pytensor.config.cxx, pytensor.config.mode, pytensor.config.floatX) == before


def test_nothing_is_compiled_and_nothing_is_left_in_the_users_folder(tmp_path: Path) -> None:
    program = (
        "from harness.case import from_seed; from references import theano; from references.model import Model;"
        f"case = from_seed(Model(**{MODEL.to_dict()}), {SIZES});"
        "print(theano.gradients(case.model, case.arrays).fingerprint == case.fingerprint)"
    )
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, timeout=120, env=os.environ | home, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("True", "")
    assert list(tmp_path.iterdir()) == []
