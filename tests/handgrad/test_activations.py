"""Values and slopes at the places where formulas go wrong: the kink, the tails, the buffer that is also the input."""

from __future__ import annotations

import numpy as np
import pytest

from handgrad.activations import ACTIVATIONS

DTYPES = ("float32", "float64", "longdouble")


def _value(name: str, a: np.ndarray) -> np.ndarray:
    return ACTIVATIONS[name].value(a, np.empty_like(a))


def _slope(name: str, a: np.ndarray) -> np.ndarray:
    return ACTIVATIONS[name].slope(_value(name, a), np.empty_like(a))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "low", "high", "slope"),
    [("tanh", -1, 1, 0), ("sigmoid", 0, 1, 0), ("relu", 0, 20_000, 1), ("identity", -20_000, 20_000, 1)],
)
def test_the_tails_are_exact_and_silent(name: str, low: float, high: float, slope: float, dtype: str) -> None:
    """At ±20,000 even e⁻ᵃ of a longdouble, which reaches 11,356, overflows."""
    a = np.array([-20_000, 20_000], dtype)
    assert _value(name, a).tolist() == [low, high]
    assert _slope(name, a).tolist() == [0 if name == "relu" else slope, slope]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_largest_float_gives_no_warning_and_no_nan(name: str, dtype: str) -> None:
    largest = np.finfo(dtype).max
    a = np.array([-largest, largest], dtype)
    assert np.isfinite(_value(name, a)).all()
    assert np.isfinite(_slope(name, a)).all()


@pytest.mark.parametrize(
    ("name", "value", "slope"), [("tanh", 0, 1), ("sigmoid", 0.5, 0.25), ("relu", 0, 0), ("identity", 0, 1)]
)
def test_at_zero(name: str, value: float, slope: float) -> None:
    """Relu's slope at its kink is a choice: 0, as PyTorch and JAX have it."""
    assert _value(name, np.zeros(1)).item() == value
    assert _slope(name, np.zeros(1)).item() == slope


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_dtype_stays(name: str, dtype: str) -> None:
    assert _value(name, np.ones(2, dtype)).dtype == _slope(name, np.ones(2, dtype)).dtype == dtype


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_value_may_be_written_over_its_argument(name: str) -> None:
    a = np.linspace(-2, 2, 9)
    apart = _value(name, a)
    assert ACTIVATIONS[name].value(a, a) is a
    assert a.tolist() == apart.tolist()
