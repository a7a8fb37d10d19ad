"""After an explosion: the same training once more with one thing changed, to see what would have prevented it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from harness.trained import Remedy
from harness.training.descent import Clip, unclipped
from harness.training.hands import Own
from harness.training.loop import train
from harness.training.setting import Hand, Setting

#: How many times as far as the explosion a remedy must go, and how many updates at least.
FARTHER, LEAST = 10, 50
LIMIT = 5.0
#: makes a backward pass for a setting; what it holds is the stack's to end
Start = Callable[[Setting, ExitStack], tuple[Hand, Setting]]


def tried(
    start: Callable[..., tuple[Hand, Setting]],
    setting: Setting,
    right: Setting | None,
    looped: bool,
    updates: int,
    exploded: int,
) -> Iterator[Remedy]:
    """Each remedy for ten times as many updates as went well, at most ``updates``. An interrupt goes on to the caller.

    ``start`` makes the backward pass that exploded anew, without the loop of its own if told so; ``right`` is the
    setting for handgrad's gradient in its place, None where it was handgrad's; ``looped`` says it has its own loop.
    """
    count = min(updates, max(LEAST, FARTHER * exploded))
    limited = Clip(elementwise=LIMIT)
    clip = f"clipped to ±{LIMIT:g} outside the backward pass"
    other = "the right gradient"
    plans: list[tuple[str, Setting, Start]] = []
    if setting.clip == unclipped:
        plans.append((clip, replace(setting, clip=limited), start))
    plans.append(("a tenth of the rate", replace(setting, rate=setting.rate / 10), start))
    if looped:
        plans.append(("the text, in place of what its loop feeds", setting, partial(start, own_loop=False)))
    if right is not None:
        plans.append((other, right, _right))
        plans.append((f"{other}, {clip}", replace(right, clip=limited), _right))
    for name, changed, begin in plans:
        with ExitStack() as stack:
            hand, _ = begin(changed, stack)
            log = train(changed, hand, count)
        if log.interrupted:
            raise KeyboardInterrupt
        finite = log.done == count
        yield Remedy(name, finite, log.done, float(log.series()[0].values[-1]) if finite else float("nan"))


def _right(setting: Setting, stack: ExitStack) -> tuple[Hand, Setting]:
    return Own(setting.model), setting
