"""Now and then a look at the gates: the share that is saturated, and warnings before anything is lost."""

from __future__ import annotations

import numpy as np

from handgrad import Gradients
from harness.nanwatch.warnings import Warnings, saturated
from harness.run import Finding
from harness.trained import Series
from harness.training.descent import norm
from harness.training.setting import Setting

LOOKS = 500  # at most, over all updates


class Watching:
    """An observer."""

    def __init__(self, setting: Setting, updates: int) -> None:
        self._cell, self._names = setting.model.cell, tuple(setting.params)
        self._every = max(1, updates // LOOKS)
        self._warnings = Warnings()
        self._updates: list[int] = []
        self._shares: list[float] = []

    def note(self, update: int, arrays: dict[str, np.ndarray], answer: Gradients) -> None:
        """Look at every n-th update."""
        if update % self._every:
            return
        size = norm({name: answer.grads[name] for name in self._names})
        self._warnings.note(update, size, answer.trace, self._cell)
        self._updates.append(update)
        self._shares.append(saturated(answer.trace, self._cell))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was warned of."""
        return self._warnings.findings

    def series(self) -> tuple[Series, ...]:
        """The curve of the share."""
        return (Series("saturated gates", np.array(self._updates, int), np.array(self._shares)),)
