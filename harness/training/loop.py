"""The training loop: a gradient, a look at it, a step; the hot path of every training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from handgrad import Gradients
from harness.candidates.failure import CandidateFailed
from harness.trained import Series
from harness.training.descent import Descent
from harness.training.setting import Hand, Meter, Setting


class Observer(Protocol):
    """Who looks at every update before its step: what is kept of ``arrays`` and ``answer`` must be copied."""

    def note(self, update: int, arrays: dict[str, np.ndarray], answer: Gradients) -> None:
        """Take in one update."""


#: update and loss, where somebody watches
Tick = Callable[[int, float], None]
#: how often a tick comes, at most
TICKS = 200


@dataclass
class Log:
    """What a training has come to."""

    params: dict[str, np.ndarray]
    meter: Meter
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    stuck: dict[str, np.ndarray] | None = None  #: the arrays of the update whose loss or gradient is not finite
    loss: float = math.nan  #: of that update
    grads: dict[str, np.ndarray] = field(default_factory=dict)  #: likewise
    failed: str = ""  #: how a candidate failed
    interrupted: bool = False

    @property
    def done(self) -> int:
        """How many updates were made; the one that is stuck is none."""
        return len(self.losses)

    def series(self) -> tuple[Series, ...]:
        """Its curves, the published one first."""
        updates = np.arange(self.done)
        own = [Series("loss", updates, np.array(self.losses)), Series("gradient norm", updates, np.array(self.norms))]
        measured = self.meter.series()
        return (*measured, *(one for one in own if one.name not in {other.name for other in measured}))


def train(
    setting: Setting, hand: Hand, updates: int, observers: tuple[Observer, ...] = (), tick: Tick | None = None
) -> Log:
    """Descend from the setting's weights until all is done, something is not finite, a candidate fails, or Ctrl-C.

    The setting's own arrays stay as they are.
    """
    descent = Descent(setting.params, setting.rate, setting.clip)
    params = descent.params
    log = Log(params, setting.meter())
    batch, note = setting.batch, log.meter.note
    every = max(1, updates // TICKS)
    states: dict[str, np.ndarray] = {}
    try:
        with np.errstate(all="ignore"):  # what is not finite is found below, and explained
            for update in range(updates):
                data = batch(update)
                arrays = {**params, **data, **states}
                answer = hand(arrays)
                grads = {name: answer.grads[name] for name in params}
                loss, size = float(answer.loss), descent.take(grads)
                for observer in observers:
                    observer.note(update, arrays, answer)
                if not (math.isfinite(loss) and (math.isfinite(size) or _finite(grads))):
                    log.stuck, log.loss, log.grads = arrays, loss, grads
                    break
                note(update, answer, data)
                log.losses.append(loss)
                log.norms.append(size)
                descent.step()
                for state in setting.carried:
                    states[f"{state}0"] = answer.trace[state][-1].copy()
                if tick is not None and not update % every:
                    tick(update, loss)
    except CandidateFailed as error:
        log.failed = f"update {log.done}: {error}"
    except KeyboardInterrupt:
        log.interrupted = True
    return log


def _finite(grads: dict[str, np.ndarray]) -> bool:
    """Whether every entry is: squares of numbers above 1e154 overflow in the norm, and clipping may yet hold them."""
    return all(bool(np.isfinite(grad).all()) for grad in grads.values())
