"""The difference ladder: on functions with known derivatives its error is within ten times its own estimate."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from harness.forward.ladder import COARSE, FINE, SAFETY, Estimate, ladder
from harness.forward.noise import noise

Function = Callable[[float], float]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def relu(x: float) -> float:
    return max(0.0, x)


def single(function: Function) -> Function:
    """The function with its argument and its result in single precision."""
    return lambda x: float(np.float32(function(float(np.float32(x)))))


def result_single(function: Function) -> Function:
    return lambda x: float(np.float32(function(x)))


#: name → function, point, derivative, and the relative radius that is asked for at least
SMOOTH: dict[str, tuple[Function, float, float, float]] = {
    "constant": (lambda x: 3.0, 0.3, 0.0, 1e-9),
    "line": (lambda x: 2 * x - 1, 0.7, 2.0, 1e-9),
    "square": (lambda x: x * x, -1.3, -2.6, 1e-9),
    "quintic": (lambda x: x**5 - x**3, 0.4, 5 * 0.4**4 - 3 * 0.4**2, 1e-9),
    "even at zero": (lambda x: x**4, 0.0, 0.0, 1e-9),
    "cube at zero": (lambda x: x**3 + 1, 0.0, 0.0, 1e-7),
    "tanh": (math.tanh, 0.6, 1 - math.tanh(0.6) ** 2, 1e-9),
    "tanh, saturated": (math.tanh, 8.0, 1 - math.tanh(8.0) ** 2, 1e-9),
    "sigmoid": (sigmoid, -0.4, sigmoid(-0.4) * (1 - sigmoid(-0.4)), 1e-9),
    "exponential": (math.exp, 1.1, math.exp(1.1), 1e-9),
    "steep exponential": (lambda x: math.exp(20 * x), 0.3, 20 * math.exp(6), 1e-8),
    "steeper exponential": (lambda x: math.exp(100 * x), 0.1, 100 * math.exp(10), 1e-7),
    "logarithm": (math.log, 0.5, 2.0, 1e-9),
    "logarithm near zero": (math.log, 0.01, 100.0, 1e-7),
    "logarithm very near zero": (math.log, 1e-3, 1e3, 1e-5),
    "guarded logarithm": (lambda x: math.log(x + 1e-6), 0.02, 1 / (0.02 + 1e-6), 1e-7),
    "reciprocal": (lambda x: 1 / x, 0.05, -400.0, 1e-7),
    "root": (math.sqrt, 0.01, 5.0, 1e-7),
    "softplus": (lambda x: math.log1p(math.exp(x)), 0.2, sigmoid(0.2), 1e-9),
    "sine": (math.sin, 2.0, math.cos(2.0), 1e-9),
    "quick sine": (lambda x: math.sin(50 * x), 0.3, 50 * math.cos(15), 1e-7),
    "quicker sine": (lambda x: math.sin(1000 * x), 0.3, 1000 * math.cos(300), 1e-5),
    "extremum": (math.cos, 0.0, 0.0, 1e-9),
    "inflection": (lambda x: math.sin(x) + 2, 0.0, 1.0, 1e-9),
    "bump": (lambda x: 1 / (1 + 25 * x * x), 0.2, -2.5, 1e-8),
    "narrow bump": (lambda x: 1 / (1 + 1e4 * x * x), 0.01, -50.0, 1e-5),
    "large value": (lambda x: 1e6 + math.sin(x), 1.0, math.cos(1.0), 1e-5),
    "huge value": (lambda x: 1e9 + x * x, 1.0, 2.0, 1e-2),
    "tiny value": (lambda x: 1e-9 * math.tanh(x), 0.5, 1e-9 * (1 - math.tanh(0.5) ** 2), 1e-9),
    "large argument": (lambda x: math.sin(x / 100), 350.0, math.cos(3.5) / 100, 1e-9),
    "composed": (lambda x: sigmoid(3 * math.tanh(2 * x)), 0.3, 0.0, 1e-8),
    "difference of exponentials": (lambda x: math.exp(x) - math.exp(-x), 0.01, 2 * math.cosh(0.01), 1e-9),
    "gaussian": (lambda x: math.exp(-x * x), 1.5, -3 * math.exp(-2.25), 1e-9),
    "arcus tangent": (lambda x: math.atan(10 * x), 0.1, 5.0, 1e-8),
    "power": (lambda x: x**1.5, 0.04, 1.5 * 0.2, 1e-7),
    "piecewise, far": (lambda x: relu(x - 1), 0.3, 0.0, 1e-9),
    "relu, on": (relu, 0.3, 1.0, 1e-9),
    "kink at 0.005": (lambda x: x * x + abs(x - 0.305), 0.3, -0.4, 1e-7),
    "kink at 0.0005": (lambda x: x * x + abs(x - 0.3005), 0.3, -0.4, 1e-7),
    "clipped, inside": (lambda x: min(max(x * x, -0.1), 0.1), 0.3, 0.6, 1e-7),
    "leaky relu near its kink": (lambda x: max(0.01 * x, x), 0.002, 1.0, 1e-7),
    "maximum of two, near": (lambda x: max(math.sin(x), math.cos(x)), math.pi / 4 + 3e-3, 0.0, 1e-6),
}
_e = math.exp(-3 * math.tanh(0.6))
SMOOTH["composed"] = (*SMOOTH["composed"][:2], 6 * (1 - math.tanh(0.6) ** 2) * _e / (1 + _e) ** 2, 1e-8)
SMOOTH["maximum of two, near"] = (
    *SMOOTH["maximum of two, near"][:2],
    math.cos(math.pi / 4 + 3e-3),
    1e-6,
)
#: losses of little precision
ROUGH: dict[str, tuple[Function, float, float, float]] = {
    "tanh in single precision": (single(math.tanh), 0.6, 1 - math.tanh(0.6) ** 2, 1e-3),
    "line in single precision": (single(lambda x: 2 * x - 1), 0.7, 2.0, 1e-3),
    "square, result in single precision": (result_single(lambda x: x * x), 1.1, 2.2, 1e-3),
    "sine in single precision": (single(lambda x: math.sin(3 * x)), 0.2, 3 * math.cos(0.6), 1e-3),
    "rounded to six": (lambda x: round(math.sin(x), 6), 1.0, math.cos(1.0), 1e-2),
    "rounded to four": (lambda x: round(math.exp(x), 4), 0.5, math.exp(0.5), 1e-1),
    "rounded to two": (lambda x: round(math.exp(x), 2), 0.5, math.exp(0.5), np.inf),
    "a large sum in single precision": (result_single(lambda x: 1000 + math.tanh(x)), 0.3, 0.0, np.inf),
    "half precision": (lambda x: float(np.float16(math.tanh(x))), 0.3, 1 - math.tanh(0.3) ** 2, np.inf),
}
ROUGH["a large sum in single precision"] = (
    *ROUGH["a large sum in single precision"][:2],
    1 - math.tanh(0.3) ** 2,
    np.inf,
)


def climbed(function: Function, x: float) -> Estimate:
    def moved(t: float) -> float:
        try:
            return function(x + t)
        except (ValueError, OverflowError, ZeroDivisionError):
            return math.nan

    scale = 2.0 ** math.ceil(math.log2(max(1.0, abs(x))))
    rough = noise(moved, moved(0.0))
    return ladder(moved, moved(0.0), rough, COARSE if rough > 1e-11 * abs(moved(0.0)) else FINE, scale)


@pytest.mark.parametrize("name", [*SMOOTH, *ROUGH])
def test_the_error_is_within_ten_times_the_estimate(name: str) -> None:
    function, x, derivative, asked = (SMOOTH | ROUGH)[name]
    found = climbed(function, x)
    assert abs(found.value - derivative) <= SAFETY * found.error or found.error == np.inf
    assert SAFETY * found.error <= asked * max(abs(derivative), abs(function(x)), 1e-9)


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (abs, 0.0),
        (relu, 0.0),
        (lambda x: x * x + relu(x - 0.5), 0.5),
        (lambda x: abs(x - 1e-6), 0.0),
        (lambda x: math.tanh(x) + relu(1e-9 - x), 0.0),
        (lambda x: max(x, 2 * x), 0.0),
        (lambda x: abs(x) ** 0.5, 0.0),
        (lambda x: math.sqrt(x), 0.0),
        (lambda x: math.nan, 0.0),
    ],
)
def test_where_there_is_no_derivative_nothing_is_known(function: Function, x: float) -> None:
    assert climbed(function, x).error == np.inf


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: float(x > 0), 0.0),
        (lambda x: math.copysign(1.0, x) + x, 0.0),
        (lambda x: float(math.floor(x)), 2.0),
        (lambda x: 1 / x if x else 0.0, 0.0),
    ],
)
def test_a_jump_is_no_slope(function: Function, x: float) -> None:
    """Seen as noise it makes every slope possible; not seen as noise, quotients do not converge."""
    as_noise = climbed(function, x)
    assert SAFETY * as_noise.error > abs(as_noise.value)
    assert ladder(lambda t: function(x + t), function(x), 1e-16).error == np.inf


def test_a_kink_that_only_its_bend_shows() -> None:
    """All central differences of |x| at 0 are exactly 0 and agree with each other: without the bend 0 were certain."""
    h = np.array([2.0**-7, 2.0**-8, 2.0**-9])
    quotients = [(abs(t) - abs(-t)) / (2 * t) for t in h]
    assert quotients == [0.0, 0.0, 0.0]
    assert ladder(abs, 0.0, 1e-16).error == np.inf


def test_random_functions_stay_within_their_radius() -> None:
    """Sums of waves and steps of hyperbolic tangents: of two thousand estimates none is exceeded tenfold."""
    generator = np.random.default_rng(3)
    exceeded = []
    for _ in range(2000):
        a, b, c, d = generator.normal(size=(4, 5))
        b *= 10 ** generator.uniform(-1, 1.5)
        x = float(generator.normal())

        def function(t: float, a=a, b=b, c=c, d=d) -> float:  # type: ignore[no-untyped-def]
            return float(np.sum(a * np.sin(b * t + c) + d * np.tanh(b * t - c)))

        derivative = float(np.sum(a * b * np.cos(b * x + c) + d * b / np.cosh(b * x - c) ** 2))
        found = climbed(function, x)
        exceeded.append(abs(found.value - derivative) / found.error)
    assert max(exceeded) <= SAFETY
    assert np.mean(np.array(exceeded) <= 1) > 0.9  # the estimate itself is an honest one


def test_steps_end_when_the_estimate_is_small_enough() -> None:
    called: list[float] = []

    def counted(t: float) -> float:
        called.append(t)
        return math.tanh(0.3 + t)

    ladder(counted, math.tanh(0.3), 1e-16, enough=1e-6)
    assert len(called) == 10


@pytest.mark.parametrize("steps", [(2.0**-7, 2.0**-10), (2.0**-7,)])
def test_what_the_next_step_does_not_confirm_is_not_known(steps: tuple[float, ...]) -> None:
    """A function whose slope is another one beyond a distance converges on both sides of it."""

    def function(t: float) -> float:
        return t * (1.0 if abs(t) > 2.0**-9.5 else 2.0)

    assert ladder(function, 0.0, 0.0, steps).error == np.inf
    assert ladder(function, 0.0, 0.0, (2.0**-7, 2.0**-10, 2.0**-12)) == pytest.approx((2.0, 0.0), abs=1e-9)


@pytest.mark.parametrize("width", [1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3])
def test_a_staircase_has_the_slope_of_its_steps_or_of_the_whole(width: float) -> None:
    """Which of the two is seen depends on the width; no slope that is neither may be claimed."""
    generator = np.random.default_rng(2)
    for x in generator.normal(size=300):
        found = climbed(lambda t: math.floor(math.tanh(t) / width) * width + t / 3, x)
        slopes = 1 / 3 + np.array([0.0, 1 / math.cosh(x) ** 2])
        assert (np.abs(found.value - slopes) <= SAFETY * found.error).any() or found.error == np.inf
