"""What a training is asked for: whatever is not given is as published."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BadInput
from harness.training.descent import Clip


@dataclass(frozen=True)
class Options:
    """What departs from the published set-up."""

    updates: int | None = None
    activation: str | None = None
    data: Path | None = None
    hidden: int | None = None
    rate: float | None = None
    clip: float | None = None  #: elementwise; 0 for none
    clip_norm: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("updates", 1), ("hidden", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise BadInput(f"{name}: got {value}, needs {least} or more")
        for name in ("rate", "clip", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise BadInput(f"{name.replace('_', '-')}: got {value:g}, needs a number of 0 or more")

    @property
    def as_published(self) -> bool:
        """Whether nothing departs that published figures depend on, data and variant aside."""
        return all(getattr(self, name) is None for name in ("hidden", "rate", "clip", "clip_norm", "seed"))

    def clipping(self, published: float | None = None) -> Clip:
        """As asked for; ``published`` is the elementwise limit where nothing is."""
        limit = published if self.clip is None and self.clip_norm is None else self.clip
        return Clip(elementwise=limit or None, norm=self.clip_norm or None)

    def refuse(self, task: str, *names: str) -> None:
        """Raise BadInput for an option that a task has no use for."""
        for name in names:
            if (value := getattr(self, name)) is not None:
                raise BadInput(f"{name}: got {value}, but {task} has no choice of it")


def given(asked: Any, published: Any) -> Any:
    """What was asked for, else what was published."""
    return published if asked is None else asked
