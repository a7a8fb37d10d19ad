"""The measured noise of a loss: rounding is found, curvature is not mistaken for it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from harness.forward.noise import noise


def within(found: float, least: float, most: float) -> bool:
    return least <= found <= most


@pytest.mark.parametrize(
    ("function", "least", "most"),
    [
        (lambda t: math.tanh(0.5 + t), 1e-17, 1e-15),
        (lambda t: math.sin(1 + 30 * t), 1e-17, 1e-14),
        (lambda t: 1e6 * math.exp(t), 1e-12, 1e-9),
        (lambda t: float(np.float32(math.exp(t))), 1e-8, 3e-7),
        (lambda t: math.exp(float(np.float32(1 + t))), 1e-8, 5e-7),
        (lambda t: round(math.exp(t), 3), 1e-4, 2e-3),
        (lambda t: round(math.exp(t), 6), 1e-7, 2e-6),
        (lambda t: float(np.float16(math.exp(t))), 5e-5, 2e-3),
        (lambda t: 2.0, 1e-17, 1e-15),
        (lambda t: 0.0, 0.0, 1e-300),
    ],
)
def test_noise(function: Callable[[float], float], least: float, most: float) -> None:
    assert within(noise(function, function(0.0)), least, most)


def test_nothing_is_known_beside_what_is_not_finite() -> None:
    assert noise(lambda t: math.nan if t > 0 else 0.0, 0.0) == np.inf


def test_random_losses_are_all_noise() -> None:
    generator = np.random.default_rng(0)
    assert noise(lambda t: float(generator.normal()), 0.0) > 0.5
