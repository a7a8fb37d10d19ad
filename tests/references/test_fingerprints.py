"""Identical weights: every reference reports what it computed with, read back from its own arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from harness.case import DTYPES, Case, from_seed
from references import protocol
from references.equations import losses
from references.model import Model, fingerprint
from references.protocol import Answer

SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}
REFERENCES = tuple(protocol.available())


def _case(loss: str = "softmax-cross-entropy", dtype: str = "float64") -> Case:
    return from_seed(Model("lstm", "tanh", loss, "mean", 2, readout=loss not in losses.ON_HIDDEN), SIZES, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_reports_the_fingerprint_of_the_case(
    ask: Callable[[str, Case], Answer], name: str, dtype: str
) -> None:
    """Class indices reach it as one-hot rows, and are read back from these."""
    case = _case(dtype=dtype)
    assert ask(name, case).fingerprint == case.fingerprint


@pytest.mark.parametrize("name", REFERENCES)
def test_and_of_a_case_with_cotangents(ask: Callable[[str, Case], Answer], name: str) -> None:
    case = _case("cotangent")
    assert ask(name, case).fingerprint == case.fingerprint


def _demoted(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array.astype("float32") if array.dtype == "float64" else array for name, array in arrays.items()}


def test_float32_copies_of_a_float64_case_have_another_fingerprint() -> None:
    """Even when they are made float64 again: the lost bits are gone."""
    case = _case()
    there = _demoted(case.arrays)
    back = {name: array.astype("float64") if array.dtype == "float32" else array for name, array in there.items()}
    assert len({case.fingerprint, fingerprint(there), fingerprint(back)}) == 3


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_that_demotes_gives_itself_away(
    ask: Callable[[str, Case], Answer], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    sound = Model.for_equations

    def in_float32(model: Model, arrays: Mapping[str, np.ndarray], dtype: Any = None) -> dict[str, np.ndarray]:
        return sound(model, _demoted(arrays), dtype)

    monkeypatch.setattr(Model, "for_equations", in_float32)
    case = _case()
    assert ask(name, case).fingerprint != case.fingerprint


@pytest.mark.parametrize("name", ["jax", "jax-jvp"])
def test_jax_without_64_bits_gives_itself_away(
    ask: Callable[[str, Case], Answer], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """JAX's own default, in which float64 arrays silently become float32."""
    jax = pytest.importorskip("jax")
    monkeypatch.setattr(jax, "enable_x64", lambda _: nullcontext())
    case = _case()
    answer = ask(name, case)
    assert answer.grads["x"].dtype == np.float32
    assert answer.fingerprint != case.fingerprint
