"""Round after round: a save, the candidate judged, what is known told at once, and whatever comes next interrupts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.candidates.process import Process
from harness.comparison import choose, compare
from harness.errors import BadInput
from harness.run import Run
from harness.warm import Warm
from harness.watching.bell import Bell, Interrupted
from harness.watching.kept import Kept
from harness.watching.saves import Saves
from harness.watching.spares import Spares
from harness.workers import Workers
from references import protocol


class Screen(Protocol):
    """Whoever shows what happens."""

    def began(self, changes: Sequence[str]) -> None:
        """A round begins; of what was saved, nothing for the first."""

    def stands(self, run: Run, seconds: float) -> None:
        """So far, so many seconds from the start of the round; the last word may be another."""

    def done(self, run: Run, seconds: float) -> None:
        """The last word."""

    def refused(self, why: str) -> None:
        """The file as it is cannot be worked with."""

    def interrupted(self) -> None:
        """The round ended before its last word, as there is a new save."""


def watch(
    candidate: str,
    screen: Screen,
    *,
    timeout: float,
    memory: float,
    device: str = "cpu",
    references: Sequence[str] | str | None = None,
    rounds: int | None = None,
    **options: Any,
) -> None:
    """Judge a candidate's Python file now, and again on every save of it or of a module beside it.

    It ends by Ctrl-C, as KeyboardInterrupt, or after so many ``rounds`` that came to their last word. ``options`` are
    those of `harness.compare`. Raises BadInput for what no save can mend.
    """
    chosen = choose(references)
    frameworks = {one.WORKER for one in chosen if one.WORKER and not protocol.missing(one)}
    path = Process(candidate, timeout, memory).target.path  # it must be there now; later it may come and go
    file = _as_given(candidate, path)

    def judged(warm: Warm) -> Run:
        return compare(
            candidate=candidate, references=references, device=device, timeout=timeout, memory=memory, warm=warm,
            **options,
        )  # fmt: skip

    with Bell() as bell, Spares(candidate, timeout, memory) as spares, Kept(frameworks, device) as workers:
        spares.prepare()
        with Saves(file, bell.ring) as saves:
            changed: tuple[str, ...] = ()
            while rounds is None or rounds > 0:
                screen.began(changed)
                finished = _round(judged, screen, bell, spares, workers)
                rounds = rounds - finished if rounds is not None else None
                changed = () if rounds == 0 else _next(saves, bell, finished)


def _as_given(candidate: str, path: Path) -> Path:
    """The file by the name that it was given, which may be a link: its folder is watched too."""
    given = Path(candidate if candidate.endswith(".py") else candidate.rpartition(":")[0])
    return given if given.exists() else path


def _round(judged: Callable[[Warm], Run], screen: Screen, bell: Bell, spares: Spares, workers: Workers) -> bool:
    """One round; whether it came to its last word."""
    started = time.perf_counter()

    def told(run: Run) -> None:
        with bell.held():
            screen.stands(run, time.perf_counter() - started)
            spares.prepare()

    try:
        warm = Warm(spares.take(), workers, told)
        with bell.armed():
            run = judged(warm)
        screen.done(run, time.perf_counter() - started)
    except Interrupted:
        if not bell.ended:
            screen.interrupted()
        return False
    except BadInput as error:
        screen.refused(str(error))
    except Exception as error:  # a fault of ours: the next save may pass it by
        screen.refused(f"this round failed by itself, which is a fault of ours: {type(error).__name__}: {error}")
    finally:
        spares.end()
        spares.prepare()
    return True


def _next(saves: Saves, bell: Bell, finished: bool) -> tuple[str, ...]:
    """Wait for the next save. Raises KeyboardInterrupt where Ctrl-C ends it all."""
    while True:
        try:
            with bell.armed():
                saves.wait()
        except Interrupted:
            pass
        if bell.ended:
            raise KeyboardInterrupt
        bell.silence()
        changed = saves.take()
        if changed or not finished:  # what interrupted a round may be undone by now
            return changed
