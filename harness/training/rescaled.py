"""A training in another reduction of its loss than the task's, and measured in the task's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from handgrad import Gradients
from harness.trained import Figure, Series
from harness.training.setting import Arrays, Meter, Setting
from references.model import REDUCTIONS


def with_reduction(setting: Setting, reduction: str) -> Setting:
    """The setting with another reduction; its meter still reads the loss in its own."""
    if reduction == setting.model.reduction:
        return setting
    ours, theirs = REDUCTIONS[setting.model.reduction], REDUCTIONS[reduction]
    return replace(
        setting,
        model=replace(setting.model, reduction=reduction),
        meter=lambda: _Rescaled(setting.meter(), lambda T, B: theirs(T, B) / ours(T, B)),
    )


class _Rescaled:
    """A meter of losses in another reduction: ``factor`` says for T and B by what theirs become the meter's."""

    def __init__(self, meter: Meter, factor: Callable[[int, int], float]) -> None:
        self._meter, self._factor = meter, factor

    def note(self, update: int, answer: Gradients, data: Arrays) -> None:
        """With the loss as the meter knows it."""
        T, B = data["x"].shape[:2]
        self._meter.note(update, answer._replace(loss=answer.loss * self._factor(T, B)), data)

    def series(self) -> list[Series]:
        """The meter's."""
        return self._meter.series()

    def figures(self) -> list[Figure]:
        """The meter's."""
        return self._meter.figures()

    def told(self) -> list[tuple[str, str]]:
        """The meter's."""
        return self._meter.told()
