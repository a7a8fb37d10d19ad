"""A map of errors as shades: a row per gate, a column per time step, on a log scale.

A shade says from which error on it stands; the levels are fixed, so that two maps can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from harness.diagnosed import Map

#: from which relative error on a shade stands, and which
LEVELS = ((0.0, "·"), (1e-9, "░"), (1e-6, "▒"), (1e-3, "▓"), (1e-1, "█"))
UNKNOWN = "?"
#: How many steps lie from one tick to the next.
TICKS = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Shades:
    """A map as text: a line of ticks, and as wide as it a line of shades per label."""

    legend: str
    ticks: str
    rows: tuple[tuple[str, str], ...]  #: label, all of one length, and shades


def shades(map_: Map, width: int) -> Shades:
    """The map in at most ``width`` columns: two per step, or one, or one for the worst of several steps."""
    label = max(map(len, map_.labels), default=0)
    error = np.asarray(map_.error, float)  # labels T
    room = max(width - label - 2, 1)
    T = error.shape[1]
    per = max(ceil(T / room), 1)
    cell = 2 if room >= 2 * T else 1
    binned = [[_worst(row[start : start + per]) for start in range(0, T, per)] for row in error]
    said = _legend(error) + (f"; a column is {per} steps" if per > 1 else "")
    rows = [
        (name.ljust(label), "".join(shade(value) * cell for value in row))
        for name, row in zip(map_.labels, binned, strict=True)
    ]
    return Shades(f"log scale: {said}", f"{'t'.ljust(label)}  {_ticks(ceil(T / per), per, cell)}", tuple(rows))


def shade(error: float) -> str:
    """The shade of one error."""
    if np.isnan(error):
        return UNKNOWN
    return next(shade for least, shade in reversed(LEVELS) if error >= least)


def _worst(errors: np.ndarray) -> float:
    """The largest of those that are known."""
    known = errors[~np.isnan(errors)]
    return float(known.max()) if known.size else float("nan")


def _legend(error: np.ndarray) -> str:
    (_, right), *wrong = LEVELS
    said = [f"{right} below {_level(wrong[0][0])}", *(f"{shade} from {_level(least)}" for least, shade in wrong)]
    return ", ".join([*said, f"{UNKNOWN} not known"] if np.isnan(error).any() else said)


def _level(least: float) -> str:
    return f"{least:g}" if least >= 0.001 else f"1e{round(np.log10(least))}"


def _ticks(columns: int, per: int, cell: int) -> str:
    """The steps' numbers above their columns, as densely as they fit."""
    for every in TICKS:
        if len(str((columns - 1) * per)) < every * cell:
            break
    return "".join(_placed(columns, per, every, every * cell)).rstrip()


def _placed(columns: int, per: int, every: int, room: int) -> Iterator[str]:
    return (str(column * per).ljust(room) for column in range(0, columns, every))
