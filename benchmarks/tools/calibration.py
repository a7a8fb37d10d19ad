"""A tool at its best: the settings that catch the most planted faults and alarm on no sound case of the calibration.

For every step and every proportion of absolute to relative tolerance, the tolerance starts at the tightest and is
loosened until the tool accepts one sound case after the other. Of what that gives, those settings are taken that catch
the most of a sample of planted faults, half of them weak. Neither those cases nor the sound ones are judged later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.tools import cases
from benchmarks.tools.planted import planted, sampled
from benchmarks.tools.settings import Settings
from benchmarks.tools.subject import subject
from benchmarks.tools.tools import TOOLS, Tool
from harness.candidate import own

#: Half decades; a tolerance above the last one would accept anything.
TOLERANCES = tuple(10 ** (k / 2) for k in range(-26, 1))
#: How many ordinary, and how many weak, classes of faults choose between settings.
CHOOSING = 40

#: The settings, if any are without alarm, and how many of the faults they catch.
Tried = tuple[Settings | None, int]


def at_step(names: Sequence[str], dtype: str, eps: float) -> dict[tuple[str, float], Tried]:
    """What comes of a step, by tool and proportion. All of them ask for the same losses, which are computed once."""
    pairs = [(name, absolute) for name in names for absolute in TOOLS[name].absolute]
    return {(name, absolute): tightest(TOOLS[name], dtype, eps, absolute) for name, absolute in pairs}


def tightest(tool: Tool, dtype: str, eps: float, absolute: float) -> Tried:
    """The tightest tolerance at which a tool accepts every sound case, if any, and how many faults it catches there."""
    loosening = _loosening(eps, absolute)
    settings: Settings | None = next(loosening)
    for case, loss in cases.sound(dtype, cases.CALIBRATION_SEEDS):
        while settings is not None and not tool.accepts(subject(own, case, loss), settings):
            settings = next(loosening, None)
    return settings, 0 if settings is None else _caught(tool, dtype, settings)


def best(tried: Sequence[Tried]) -> Settings | None:
    """Of the settings without alarm those that catch the most; of equals the tightest. None where there are none."""
    fit = [(settings, caught) for settings, caught in tried if settings is not None]
    return min(fit, key=lambda pair: (-pair[1], (pair[0].atol or 0) + (pair[0].rtol or 0)))[0] if fit else None


def _loosening(eps: float, absolute: float) -> Iterator[Settings]:
    return (Settings(eps, absolute * rtol if absolute else None, rtol) for rtol in TOLERANCES)


def _caught(tool: Tool, dtype: str, settings: Settings) -> int:
    return sum(_catches(tool, dtype, settings, k, weak) for weak in (False, True) for k in range(CHOOSING))


def _catches(tool: Tool, dtype: str, settings: Settings, k: int, weak: bool) -> bool:
    met = planted(sampled(CHOOSING, weak)[k], cases.CHOOSING_SEED)
    return not tool.accepts(subject(met.fault.candidate, *cases.small(met.model, dtype, cases.CHOOSING_SEED)), settings)
