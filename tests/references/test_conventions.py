"""What every reference holds to: 0 at relu's kink, and no trace of its call in anybody's settings."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.case import Case, from_seed
from references import protocol, rounding
from references.model import Model
from references.protocol import Answer

SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}
REFERENCES = tuple(protocol.available())
LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "mean", 2, True)


@pytest.mark.parametrize("name", REFERENCES)
def test_relus_derivative_at_exactly_zero_is_zero(ask: Callable[[str, Case], Answer], name: str) -> None:
    """All arrays but the cotangents are zero, so that every pre-activation is. A difference has no value there."""
    case = from_seed(Model("rnn", "relu", "cotangent", "sum", 2, False), SIZES)
    arrays = {key: array if key.startswith("G") else 0 * array for key, array in case.arrays.items()}
    answer = ask(name, replace(case, arrays=arrays))
    known = {key: np.isfinite(answer.radius.get(key, np.zeros(grad.shape))) for key, grad in answer.grads.items()}
    assert not any(grad[known[key]].any() for key, grad in answer.grads.items())
    assert all(of_array.all() for of_array in known.values()) == (name != "central-difference")


def _settings() -> dict[str, object]:
    legacy = np.random.get_state()  # what a user's own code may depend on
    return {
        "numpy errors": np.geterr(),
        "numpy random state": [part.tolist() if isinstance(part, np.ndarray) else part for part in legacy],
        "random state": random.getstate(),
    }


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_leaves_numpys_settings_alone(ask: Callable[[str, Case], Answer], name: str) -> None:
    case = from_seed(LSTM, SIZES)
    with np.errstate(under="raise", over="warn"):  # not the defaults, so that falling back to them would show
        before = _settings()
        ask(name, case)
        assert _settings() == before


def test_drawing_samples_leaves_numpys_settings_alone() -> None:
    case = from_seed(LSTM, SIZES)
    with np.errstate(over="call"):
        before = _settings()
        rounding.samples(case.model, case.arrays, 1)
        assert _settings() == before


@pytest.mark.parametrize("name", ["jax", "jax-jvp"])
@pytest.mark.parametrize("wide", [True, False])
def test_jaxs_settings_are_what_they_were(ask: Callable[[str, Case], Answer], wide: bool, name: str) -> None:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(wide):
        before = jax.config.jax_enable_x64, jax.config.jax_default_matmul_precision
        answer = ask(name, from_seed(LSTM, SIZES))
        assert (jax.config.jax_enable_x64, jax.config.jax_default_matmul_precision) == before
    assert answer.loss.dtype == np.float64  # 64 bits all the same


@pytest.mark.parametrize("name", ["torch", "torch-nn"])
def test_torchs_settings_are_what_they_were(ask: Callable[[str, Case], Answer], name: str) -> None:
    torch = pytest.importorskip("torch")
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)  # what nobody sets by mistake
    try:
        before = torch.get_rng_state()
        answer = ask(name, from_seed(LSTM, SIZES))
        assert torch.get_default_dtype() == torch.bfloat16
        assert torch.is_grad_enabled()
        assert torch.equal(torch.get_rng_state(), before)
    finally:
        torch.set_default_dtype(usual)
    assert answer.loss.dtype == np.float64  # whatever the default


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_leaves_the_cases_arrays_alone(name: str) -> None:
    reference = protocol.available()[name]
    if protocol.missing(reference):
        pytest.skip(protocol.missing(reference))
    case = from_seed(LSTM, SIZES)
    before = {key: array.tobytes() for key, array in case.arrays.items()}
    reference.gradients(LSTM, case.arrays)
    assert {key: array.tobytes() for key, array in case.arrays.items()} == before
