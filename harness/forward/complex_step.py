"""Complex step on a candidate's own file: one run moved by i·h along a direction; its derivative is Im L ÷ h.

Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", 1998. What makes it wrong is a
place where the imaginary part is dropped: NumPy warns of most of these, and each warning is kept.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.exceptions import ComplexWarning

from harness.forward import rough
from harness.forward.calls import Calls

#: so small that h² is lost beside any real part, and a power of two, by which dividing is exact
STEP = 2.0**-200
#: runs whose roundings are drawn, to see how far they carry the loss
_WAVERS = 4


class Run(NamedTuple):
    """What one complex run gave: its loss's real part, the derivative, and why neither may be believed, if so."""

    loss: float
    derivative: float
    why: str


class ComplexStep:
    """Complex runs of one loss function at one point."""

    def __init__(self, patched: Callable[[], Callable[[Any, Any], Any]], calls: Calls) -> None:
        self.calls = calls.turned(_complex)
        self.unusable = ""
        try:
            with _recorded():
                self._function = patched()
        except Exception as error:
            self.unusable = _words(error)

    def along(self, name: str, vector: np.ndarray, jitter: Mapping[str, np.ndarray] | None = None) -> Run:
        """The derivative along ``vector`` of the array of that name; ``jitter`` replaces other arrays' values."""
        at = dict(jitter or {})
        array = at.get(name, self.calls.array(name))
        at[name] = array + 1j * (STEP * vector)
        return self._run(at)

    def element(self, name: str, index: int, array: np.ndarray) -> Run:
        """The derivative by one element; ``array`` is that of the name, complex, and is left as it is."""
        moved = array.copy()
        moved.reshape(-1)[index] += 1j * STEP
        return self._run({name: moved})

    def waver(self) -> float:
        """How far the loss moves as the roundings of all results are drawn anew; 0 where it cannot be run.

        Rounding in one of many terms, ln(1 − p) at a p near 1 say, makes steps that are wider than what is looked at
        right beside the point, and differences take them for slopes.
        """
        losses = [self._run({}).loss]
        for seed in range(_WAVERS):
            with rough.drawn(seed):
                losses.append(self._run({}).loss)
        return float(np.ptp(losses)) if np.isfinite(losses).all() else 0.0

    def _run(self, moved: Mapping[str, np.ndarray]) -> Run:
        if self.unusable:
            return Run(np.nan, np.nan, self.unusable)
        try:
            with _recorded() as dropped:
                loss = complex(self.calls(self._function, moved))
        except Exception as error:
            return Run(np.nan, np.nan, _words(error))
        if dropped:
            first = dropped[0]
            return Run(loss.real, np.nan, f"ComplexWarning at {Path(first.filename).name} line {first.lineno}")
        finite = np.isfinite(loss.real) and np.isfinite(loss.imag)
        return Run(loss.real, loss.imag / STEP, "" if finite else "it is not finite")


def _recorded() -> warnings.catch_warnings[list[warnings.WarningMessage]]:
    return warnings.catch_warnings(record=True, action="always", category=ComplexWarning)


def _complex(value: Any) -> Any:
    """A value whose float arrays are complex; numbers stay as they are."""
    if isinstance(value, np.ndarray):
        return value.astype(complex) if value.dtype.kind == "f" else value
    if isinstance(value, list | tuple):
        return type(value)(map(_complex, value))
    if isinstance(value, Mapping):
        return {key: _complex(one) for key, one in value.items()}
    return value


def _words(error: Exception) -> str:
    """What was raised and in which line of the candidate's, in one line."""
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).startswith("_candidate_")
    ]
    where = f" at {Path(frames[-1][0]).name} line {frames[-1][1]}" if frames else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{where}" + (f": {text}" if text else "")
