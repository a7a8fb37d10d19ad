"""A log scale's ends and ticks: at 1, 2 and 5 of few decades, at powers of ten of several, at some powers of many."""

from __future__ import annotations

from math import ceil, floor, log10

import numpy as np

STEPS = (1, 2, 5)
#: The exponents whose powers are numbers in full.
LEAST, LARGEST = -307, 308


def ticks(values: np.ndarray, most: int) -> list[float]:
    """From at or below the smallest to at or above the largest, about ``most`` of them.

    ``values`` (n,) are positive and finite, n ≥ 1. What is below 1e-307 or above 1e308 is beyond the last tick.
    """
    smallest, largest = float(values.min()), float(values.max())
    first = min(max(floor(log10(smallest)), LEAST), LARGEST - 1)
    last = min(max(ceil(log10(largest)), first + 1), LARGEST)
    marks = [float(f"{step}e{exponent}") for exponent in range(first, last) for step in STEPS] + [float(f"1e{last}")]
    below = max((k for k, mark in enumerate(marks[:-1]) if mark <= smallest), default=0)
    above = min((k for k, mark in enumerate(marks) if mark >= largest), default=len(marks) - 1)
    fine = marks[below : max(above, below + 1) + 1]
    if len(fine) <= most:
        return fine
    every = ceil((last - first) / most)
    return [float(f"1e{min(exponent, LARGEST)}") for exponent in range(first, last + every, every)]
