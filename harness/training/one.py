"""One setting, trained: descend, look, compare at the same weights; where it explodes, find out why."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.nanwatch.explain import explain
from harness.trained import Drift, Explosion, Lockstep, Remedy, Trainee
from harness.training import remedies
from harness.training.brought import Brought
from harness.training.descent import unclipped
from harness.training.hands import Own
from harness.training.lockstep import Beside
from harness.training.loop import Log, Observer, train
from harness.training.sampling import published, sample, spoken
from harness.training.setting import Hand, Setting
from harness.training.watching import Watching

#: how long an interrupted training waits for what its reference has not answered yet; in seconds
PATIENCE = 5.0
#: words and a fraction
Shown = Callable[[str, float], None]


@dataclass(frozen=True)
class How:
    """How a setting is to be trained."""

    updates: int | None
    candidate: str | Path | None
    clipped: bool  #: clipping was asked for
    reference: str | None
    lockstep: bool
    drift: bool
    samples: int
    timeout: float
    memory: float

    def start(self, setting: Setting, stack: ExitStack, own_loop: bool = True) -> tuple[Hand, Setting]:
        """The backward pass to descend by, and the setting as it takes it. What it holds is the stack's to end.

        Where a candidate brings its own loop, its gradients are clipped only if that was asked for.
        """
        if self.candidate is None:
            return Own(setting.model), setting
        hand = stack.enter_context(Brought(self.candidate, setting, self.timeout, self.memory, own_loop))
        if hand.loops and not self.clipped:
            return hand, replace(hand.setting, clip=unclipped)
        return hand, hand.setting


def trained(setting: Setting, how: How, shown: Shown) -> tuple[Trainee, bool]:
    """Everything that is found out of one setting, and whether it was interrupted."""
    updates = how.updates or setting.updates
    started = time.perf_counter()
    with ExitStack() as stack:
        task = setting
        hand, setting = how.start(task, stack)
        watching = Watching(setting, updates)
        beside = Beside(setting, how.reference, how.drift, hand.name) if how.lockstep else None
        observers: tuple[Observer, ...] = (watching,)
        if beside is not None:
            observers = (watching, stack.enter_context(beside))

        def tick(update: int, loss: float) -> None:
            differs = beside is not None and beside.differs
            shown(f"{setting.title}: loss {loss:.4g}{', differs' if differs else ''}", update / updates)

        log = train(setting, hand, updates, observers, tick)
        together, apart = (None, None) if beside is None else _finished(beside, log)
        explosion = None if log.stuck is None else _explained(hand, setting, watching, log)
        loop = hand.findings if isinstance(hand, Brought) else ()
    if explosion is not None:
        shown("what would have prevented it", 1.0)
        right = None if how.candidate is None else replace(task, clip=setting.clip)
        looped = isinstance(hand, Brought) and hand.loops
        tried: list[Remedy] = []
        try:
            tried.extend(remedies.tried(how.start, setting, right, looped, updates, log.done))
        except KeyboardInterrupt:
            log.interrupted = True
        explosion = replace(explosion, remedies=tuple(tried))
    trainee = Trainee(
        title=setting.title,
        model=_model(setting),
        hand=hand.name,
        rule=f"SGD, rate {setting.rate:g}, {setting.clip}",
        asked=updates,
        done=log.done,
        series=(*log.series(), *watching.series()),
        figures=tuple(log.meter.figures()),
        told=tuple(log.meter.told()),
        lockstep=together,
        drift=apart,
        loop=loop,
        warnings=() if explosion is not None else watching.findings,
        explosion=explosion,
        samples=tuple(_samples(setting, log, how.samples)),
        error=log.failed,
        seconds=time.perf_counter() - started,
    )
    return trainee, log.interrupted


def _finished(beside: Beside, log: Log) -> tuple[Lockstep, Drift | None]:
    """What came of the lockstep; an interrupt while it is waited for is one of the training."""
    try:
        return beside.finish(PATIENCE if log.interrupted else None)
    except KeyboardInterrupt:
        log.interrupted = True
        return beside.finish(0.0)


def _explained(hand: Hand, setting: Setting, watching: Watching, log: Log) -> Explosion:
    """What was not finite first, with the warnings that came before."""
    assert log.stuck is not None
    found = explain(hand, setting.model, log.stuck, log.done) or _unexplained(log)
    return replace(found, before=watching.findings)


def _unexplained(log: Log) -> Explosion:
    """What is not finite, where nothing that can be watched is: a backward pass whose lines are not known."""
    wrong = {name: ~np.isfinite(grad) for name, grad in log.grads.items()}
    name = next((name for name, where in wrong.items() if where.any()), None)
    index = () if name is None else tuple(int(k) for k in np.argwhere(wrong[name])[0])
    value = log.loss if name is None else float(log.grads[name][index])
    return Explosion(
        update=log.done,
        kind="not a number" if np.isnan(value) else "overflow",
        quantity="loss" if name is None else f"d{name}",
        step=None,
        index=index,
        value=value,
        equation="",
        inputs=(),
        why="the named equations stay finite at the same weights: it is how this program computes, not the weights",
    )


def _model(setting: Setting) -> str:
    """One line."""
    sizes = {
        "T": len(setting.batch(0)["x"]),
        "D": setting.params["W_ih"].shape[1],
        "H": setting.params["W_hh"].shape[1],
    }
    model = setting.model
    told = (model.cell, model.activation, model.loss, " ".join(f"{axis}={size}" for axis, size in sizes.items()))
    return " · ".join(told)


def _samples(setting: Setting, log: Log, count: int) -> Iterator[str]:
    if setting.alphabet and log.stuck is None:
        for number in range(count):
            yield spoken(sample(setting.model, log.params, published(number), setting.stop), setting.alphabet)
