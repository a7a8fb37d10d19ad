"""The tools, each with its own settings and those that may suit it better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.tools import course, jax_check, torch_gradcheck
from benchmarks.tools.settings import Settings
from benchmarks.tools.subject import Subject

#: Steps to try. In float32 differences need larger ones.
STEPS: Mapping[str, tuple[float, ...]] = {
    "float64": (1e-4, 1e-5, 1e-6, 1e-7),
    "float32": (1e-2, 3e-3, 1e-3, 3e-4),
}


@dataclass(frozen=True)
class Tool:
    """One way to check a gradient that people use today."""

    name: str
    about: str  #: what it does, in a sentence
    accepts: Callable[[Subject, Settings], bool]
    own: Mapping[str, Settings]  #: the settings that it comes with, by what they are called
    absolute: tuple[float, ...]  #: to try: the absolute tolerance over the relative one
    needs: str = ""  #: what must be installed


_MIXED = (0.01, 0.1, 1.0)
_RELATIVE = (0.0,)
_TORCH = {"defaults": torch_gradcheck.DEFAULT}
_COURSE = "central differences of every entry, and "

TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            name="torch gradcheck",
            about="`torch.autograd.gradcheck`: every entry against central differences",
            accepts=torch_gradcheck.slow,
            own=_TORCH,
            absolute=_MIXED,
            needs="torch",
        ),
        Tool(
            name="torch gradcheck, fast",
            about="`torch.autograd.gradcheck(fast_mode=True)`: one random projection per array",
            accepts=torch_gradcheck.fast,
            own=_TORCH,
            absolute=_MIXED,
            needs="torch",
        ),
        Tool(
            name="JAX check_grads",
            about='`jax.test_util.check_grads(order=1, modes=["rev"])`: one random direction',
            accepts=jax_check.accepts,
            own={"defaults": jax_check.DEFAULT},
            absolute=_MIXED,
            needs="jax",
        ),
        Tool(
            name="course check, norms",
            about=f"{_COURSE}‖a − n‖₂ ÷ (‖a‖₂ + ‖n‖₂), as taught in {course.DEEP_LEARNING}",
            accepts=course.norm,
            own={"below 1e-7": course.NORM},
            absolute=_RELATIVE,
        ),
        Tool(
            name="course check, entries",
            about=f"{_COURSE}the largest |a − n| ÷ max(|a|, |n|), as taught in {course.CS231N}",
            accepts=course.entries,
            own=course.ENTRIES,
            absolute=_RELATIVE,
        ),
    )
}
