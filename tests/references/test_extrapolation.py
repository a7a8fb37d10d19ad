"""Extrapolated difference quotients of functions whose derivatives are known, and whether the estimate covers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from references.central_difference import FINE, STEPS
from references.extrapolation import extrapolated

COARSE, ALL = np.array(STEPS, np.longdouble), np.array(STEPS + FINE, np.longdouble)
EPS = np.finfo(np.longdouble).eps
#: a function, its derivative, and a point
KNOWN: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray], float]] = {
    "exp": (np.exp, np.exp, 0.7),
    "sin": (np.sin, np.cos, 2.0),
    "tanh": (np.tanh, lambda a: 1 / np.cosh(a) ** 2, -0.4),
    "ninth power": (lambda a: a**9, lambda a: 9 * a**8, 1.1),
    "pole nearby": (lambda a: 1 / a, lambda a: -1 / a**2, 0.25),
}


def _quotients(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, steps: np.ndarray = COARSE) -> np.ndarray:
    wide = steps.reshape(-1, *[1] * at.ndim)
    return (function(at + wide) - function(at - wide)) / (2 * wide)


@pytest.mark.parametrize("name", KNOWN)
def test_a_smooth_function_has_its_derivative_within_the_estimate(name: str) -> None:
    function, derivative, point = KNOWN[name]
    at = np.asarray(point, np.longdouble) + np.linspace(-0.01, 0.01, 50, dtype=np.longdouble)
    quotients = _quotients(function, at)
    noise = 2 * EPS * np.abs(function(at))
    best, error = extrapolated(COARSE, quotients, np.zeros(quotients.shape, bool), noise)
    assert (np.abs(best - derivative(at)) <= error).all()
    assert (error < 1e-6 * np.abs(derivative(at))).all()
    assert (
        np.abs(quotients[-1] - derivative(at)) > np.abs(best - derivative(at))
    ).all()  # better than no extrapolation


#: a function that changes within a thousandth, or closer, of 0, and its derivative there
ROUGH: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "a peak": (lambda a: a + 1 / (1 + (a / 1e-4) ** 2), lambda a: 1 - 2e8 * a / (1 + (a / 1e-4) ** 2) ** 2),
    "a step": (lambda a: np.tanh(a / 1e-4), lambda a: 1e4 / np.cosh(a / 1e-4) ** 2),
    "a step beside it": (lambda a: np.tanh((a - 0.001) / 1e-5), np.zeros_like),
    "steps on both sides": (lambda a: a + np.sign(a - 0.01) + np.sign(a + 0.005), np.ones_like),
    "more of them": (lambda a: np.round(37 * a) + np.round(91 * a), np.zeros_like),
}


@pytest.mark.parametrize("steps", [COARSE, ALL], ids=["coarse", "all"])
@pytest.mark.parametrize("name", ROUGH)
def test_what_is_too_rough_for_the_steps_is_not_known_or_known_well(name: str, steps: np.ndarray) -> None:
    """What several steps happen to agree on is not believed where smaller ones contradict it."""
    function, derivative = ROUGH[name]
    at = np.linspace(-1e-6, 1e-6, 21, dtype=np.longdouble)
    quotients = _quotients(function, at, steps)
    best, error = extrapolated(steps, quotients, np.zeros(quotients.shape, bool), np.full(21, 10 * EPS))
    assert (np.abs(best - derivative(at)) <= error).all()


def test_what_was_crossed_is_left_out_whatever_it_says() -> None:
    at = np.full(3, 0.7, np.longdouble)
    quotients, crossed = _quotients(np.exp, at, ALL), np.zeros((len(ALL), 3), bool)
    crossed[:4, 1] = True
    crossed[2, 2] = True
    best, error = extrapolated(ALL, np.where(crossed, 1e6, quotients), crossed, EPS * np.exp(at))
    assert (np.abs(best - np.exp(at)) <= error).all()
    assert (error < 1e-7).all()


def test_what_a_single_quotient_says_is_not_known() -> None:
    crossed = np.array([[True, False], [True, False], [False, False], [True, False], [True, False]])
    best, error = extrapolated(COARSE, _quotients(np.exp, np.zeros(2, np.longdouble)), crossed, np.full(2, EPS))
    assert np.isinf(error[0]) and np.isfinite(best).all() and error[1] < 1e4 * EPS


def test_noise_is_divided_by_the_smallest_step_that_counts() -> None:
    """A constant has quotients of 0; rounding of 1e-10 in the function may carry the best of them by 1e-10 ÷ 2⁻⁵."""
    flat = np.zeros((5, 1), np.longdouble)
    best, error = extrapolated(COARSE, flat, flat > 0, np.full(1, 1e-10))
    assert (best, error) == (0, 1e-10 * 2**5)
