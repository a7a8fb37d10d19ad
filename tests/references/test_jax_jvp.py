"""Forward mode: as many elements at a time as there is memory for, each along its own direction."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from harness.case import Case, from_seed
from references.model import Model
from references.protocol import Answer, Unavailable

pytest.importorskip("jax", reason="jax is not installed")

from references import extended, jax_jvp, jax_vjp, patience

SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}


@pytest.fixture(scope="module")
def case() -> Case:
    return from_seed(Model("lstm", "tanh", "softmax-cross-entropy", "mean", 2, True), SIZES)


def _gradients(case: Case) -> Answer:
    return jax_jvp.gradients(case.model, case.arrays)


def _worst(answer: Answer, other: Answer) -> float:
    """The largest difference, relative to the largest entry of its array."""
    return max(
        float(np.max(np.abs(grad - other.grads[name])) / np.max(np.abs(other.grads[name])))
        for name, grad in answer.grads.items()
    )


def test_it_is_right_to_rounding_and_no_copy_of_reverse_mode(case: Case) -> None:
    """Forward mode adds in another order than reverse mode does, so that some last bits differ."""
    answer = _gradients(case)
    assert _worst(answer, extended.gradients(case.model, case.arrays)) < 1e-14
    assert _worst(answer, jax_vjp.gradients(case.model, case.arrays)) > 0


@pytest.mark.parametrize("size", [1, 100])
def test_chunks_of_any_size_give_the_same(case: Case, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 364 elements: one at a time, or with a last chunk that is not full, as all at once."""
    answer = _gradients(case)
    monkeypatch.setattr(jax_jvp, "_chunk", lambda arrays, count: size)
    assert _worst(_gradients(case), answer) < 1e-14


def test_chunks_are_about_equal_and_fit_into_memory(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    tangent = 8 * (2 * 364 + 4 * 6 * 3 * 20)
    for memory, size in ((0, 1), (tangent, 1), (2 * tangent, 2), (300 * tangent, 182), (364 * tangent, 364)):
        monkeypatch.setattr(jax_jvp, "MEMORY", memory)
        assert jax_jvp._chunk(case.arrays, 364) == size


def test_what_would_take_too_long_is_refused(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the time of the first chunk; that of compiling does not count."""
    times = iter([0.0, patience.LIMIT / 3])
    monkeypatch.setattr(jax_jvp, "time", SimpleNamespace(perf_counter=lambda: next(times)))
    monkeypatch.setattr(jax_jvp, "_chunk", lambda arrays, count: 100)
    with pytest.raises(
        Unavailable, match=r"^it would take about 2 min for 364 elements, and begins nothing beyond 2 min"
    ):
        _gradients(case)
