"""The scale of a heat map: a logarithm of error ÷ budget in few steps, blue up to 1 and orange above.

Steps rather than a smooth ramp, so that the legend can be read; and what is above 1 also carries a mark, as a colour
alone tells nobody who cannot see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NOTHING = -1  #: the level of what was not compared


@dataclass(frozen=True)
class Scale:
    """Levels from 0, each up to and including its bound; one beyond all bounds, and one for what is not finite."""

    name: str  #: of what is shown: "error ÷ budget"
    bounds: tuple[float, ...]
    texts: tuple[str, ...]  #: of each level, for the legend
    loud: int  #: the first level that is wrong

    @property
    def infinite(self) -> int:
        """The level of what is not finite."""
        return len(self.bounds) + 1

    @property
    def legend(self) -> tuple[tuple[int, str], ...]:
        """Levels and their texts, the calmest first."""
        return tuple(enumerate(self.texts))

    def levels(self, values: np.ndarray) -> np.ndarray:
        """The level of each value; NaN counts as not finite."""
        found: np.ndarray = np.searchsorted(self.bounds, np.where(np.isfinite(values), values, 0.0), side="left")
        return np.where(np.isfinite(values), found, self.infinite)


#: Where the verdict turns at 1. Classes l0 to l12 of maps.css colour it.
RATIO = Scale(
    "error ÷ budget",
    (0.0, 0.01, 0.1, 1.0, 1e2, 1e4, 1e6, 1e8, 1e10, 1e12, 1e14),
    ("0", "≤ 0.01", "≤ 0.1", "≤ 1", "≤ 1e2", "≤ 1e4", "≤ 1e6", "≤ 1e8", "≤ 1e10", "≤ 1e12", "≤ 1e14", "> 1e14",
     "not finite"),
    4,
)  # fmt: skip

#: Of a diagnosis: a relative error, at the levels that the terminal's shades have, and in colours of the scale above.
RELATIVE = Scale("relative error", (0.0, 1e-9, 1e-6, 1e-3, 1e-1), ("0", "< 1e-9", "< 1e-6", "< 0.001", "< 0.1",
                 "from 0.1", "not finite"), 2)  # fmt: skip
#: The class of maps.css for each level of ``RELATIVE``.
RELATIVE_CLASSES: Sequence[int] = (0, 2, 4, 6, 8, 10, 12)
