"""The saves of a candidate's file, and of modules beside it, noticed by a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from harness.errors import BadInput
from harness.watching.files import Stamps, changes, folders, is_module, stamps

#: milliseconds of silence that end a save, which an editor may write in several pieces, and that it may take at most
SILENCE, LONGEST = 50, 1000
#: milliseconds after which files are looked at though nothing was reported: a folder may have been replaced
LOOK = 500


def check() -> None:
    """Raise BadInput where the library that watches files is not installed."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise BadInput("watch: watchfiles not installed: pip install 'handgrad[watch]'") from None


class Saves:
    """As a context manager. ``ring`` is called from its thread as long as there is a save that was not taken."""

    def __init__(self, file: Path, ring: Callable[[], None]) -> None:
        self._file, self._ring = file, ring
        self._condition = threading.Condition()
        self._stop = threading.Event()
        self._seen: Stamps = stamps(folders(file))  #: as the last round found it
        self._now: Stamps = self._seen
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def wait(self) -> None:
        """Until there is a save to take."""
        with self._condition:
            while self._now == self._seen:
                self._condition.wait(LOOK / 1000)  # where signals wake nobody, the end of a wait does

    def take(self) -> tuple[str, ...]:
        """What was saved since the last time, in words."""
        with self._condition:
            self._now = stamps(folders(self._file))
            found = changes(self._seen, self._now, self._file.absolute().parent)
            self._seen = self._now
        return found

    def _look(self) -> None:
        with self._condition:  # files are looked at within, or an older look could follow a newer one
            self._now = stamps(folders(self._file))
            if self._now == self._seen:
                return
            self._condition.notify_all()
        self._ring()

    def _watch(self) -> None:
        while not self._stop.is_set():
            there = _numbers(folders(self._file))
            self._look()  # what happened while nothing was watched
            try:
                self._until_others(there)
            except OSError:  # a folder that is gone, for now
                self._stop.wait(LOOK / 1000)

    def _until_others(self, there: dict[Path, int]) -> None:
        """Look at every change, until there are other folders than ``there``."""
        from watchfiles import watch

        for _ in watch(
            *there,
            watch_filter=lambda change, path: is_module(Path(path)),
            debounce=LONGEST,
            step=SILENCE,
            stop_event=self._stop,
            rust_timeout=LOOK,
            yield_on_timeout=True,
            recursive=False,
        ):
            self._look()
            if _numbers(folders(self._file)) != there:
                return

    def __enter__(self) -> Saves:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(2 * LONGEST / 1000)


def _numbers(among: tuple[Path, ...]) -> dict[Path, int]:
    """The folders that are there, each with its number, which is another where it was replaced."""
    found = {}
    for folder in among:
        try:
            found[folder] = folder.stat().st_ino
        except OSError:
            continue
    return found
