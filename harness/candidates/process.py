"""A candidate's Python file in a process of its own: it may do what it likes there, and nothing else is harmed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harness.candidates import derivation
from harness.candidates.answers import Called, Description
from harness.candidates.failure import CandidateFailed
from harness.candidates.running import Running
from harness.candidates.structure import decode, encode
from harness.candidates.target import Target
from harness.errors import BadInput
from harness.frames import Frame

if TYPE_CHECKING:
    import numpy as np

    from harness.forward.derive import Derived

__all__ = ["Called", "CandidateFailed", "Description", "Process"]

#: seconds that one call may take, and GiB that it may use
TIMEOUT, MEMORY = 60.0, 4.0


class Process:
    """The candidate ``path.py`` or ``path.py:function``. Its process starts when needed, and again after it died.

    ``timeout`` seconds count from the last sign of life, and each call of the candidate is one; ``memory`` is in GiB.
    Every method raises CandidateFailed where the candidate's code fails, and BadInput where it is no candidate.
    Raises BadInput at once where there is no such Python file.
    """

    def __init__(self, target: str, timeout: float = TIMEOUT, memory: float = MEMORY) -> None:
        if timeout <= 0:
            raise BadInput(f"timeout: got {timeout:g}, needs more than 0 seconds")
        if memory <= 0:
            raise BadInput(f"memory: got {memory:g}, needs more than 0 GiB")
        self.target = Target.read(target)
        self._timeout, self._memory = timeout, memory
        self._running: Running | None = None
        self._lock = threading.RLock()

    def start(self) -> None:
        """Start its process now, ahead of the first request. Nothing of the candidate's runs before that."""
        with self._lock:
            if self._running is None or self._running.ended:
                self._running = Running(self.target, self._timeout, self._memory)

    def describe(self) -> Description:
        """What the file declares. BadInput: no such function, a layout or model that is none, a sign that is not ±1."""
        done, _ = self._ask("describe")
        return Description(**done)

    def example(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The file's own params and data. BadInput: there is none, or it gives something else."""
        params, data = decode(*self._ask("example", seed=seed))
        return params, data

    def call(self, params: Mapping[str, Any], data: Mapping[str, Any], times: int = 2) -> Called:
        """The answer, and why the candidate is no function where calls on the same bytes show it."""
        done, arrays = self._ask("call", (params, data), times=times)
        impure = tuple(done["impure"])
        notes = tuple((name, text, tuple(about)) for name, text, about in done["notes"])
        return Called(arrays["loss"].copy(), _under("grads/", arrays), _under("trace/", arrays), impure, notes,
                      done["seconds"])  # fmt: skip

    def feed(self, codes: np.ndarray, start: int, steps: int, left: Called | None) -> dict[str, Any]:
        """What the file's own training loop hands to a window: its data, by the author's names.

        ``codes`` is the whole text as indices, the window ``steps`` of them from ``start`` on; ``left`` is the answer
        to the window before, None at first. BadInput: it has no function ``feed`` that takes these. The text goes over
        once: the same array must hold the same text.
        """
        before = None if left is None else {"loss": left.loss[()], "grads": left.grads, "trace": left.trace}
        with self._lock:
            there = self._running is not None and not self._running.ended and self._running.text is codes
            data = {"codes": None if there else codes, "start": start, "steps": steps, "left": before}
            fed = self._ask("feed", ({}, data))
            assert self._running is not None
            self._running.text = codes
        return dict(decode(*fed))

    def derive(
        self,
        params: Mapping[str, Any],
        data: Mapping[str, Any],
        names: Sequence[str],
        seconds: float = 10.0,
        progress: Callable[[float], None] | None = None,
    ) -> Derived:
        """The candidate's own forward, differentiated by what ``names`` name; see `harness.forward.derive`."""
        about = {"names": list(names), "seconds": seconds}
        return derivation.unpack(*self._ask("derive", (params, data), progress, **about))

    def rough(
        self, params: Mapping[str, Any], data: Mapping[str, Any], part: float, seed: int
    ) -> tuple[dict[str, np.ndarray], bool]:
        """The gradients with every rounding of up to ``part`` drawn anew, and whether there was one to draw."""
        moved, arrays = self._ask("rough", (params, data), part=part, seed=seed)
        return _under("grads/", arrays), bool(moved)

    def localise(
        self, cases: Sequence[Mapping[str, Any]], seconds: float, progress: Callable[[float], None] | None = None
    ) -> dict[str, Any]:
        """The line that is wrong, found and confirmed on two cases; see `harness.diagnosis.lines.work`."""
        done, _ = self._ask("localise", ({}, {"cases": list(cases)}), progress, seconds=seconds)
        return dict(done)

    def watch(self, params: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Where what is not finite in its answer comes from; None where all of it is. See `harness.nanwatch.work`."""
        done, _ = self._ask("watch", (params, data))
        return None if done is None else dict(done)

    def reads_globals(self, params: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[str, ...]:
        """The params on which neither loss nor gradients depend, while a global of the same shape exists."""
        done, _ = self._ask("reads_globals", (params, data))
        return tuple(done)

    @property
    def printed(self) -> str:
        """The last 64 KiB of what the candidate printed, since its process was started."""
        with self._lock:
            return "" if self._running is None else self._running.printed

    def close(self) -> None:
        """End the process and its children."""
        with self._lock:
            if self._running is not None:
                self._running.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(
        self,
        do: str,
        values: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
        progress: Callable[[float], None] | None = None,
        **about: Any,
    ) -> Frame:
        arrays: dict[str, np.ndarray] = {}
        request = {"do": do, **about} | ({} if values is None else {"values": encode(values, arrays)})
        with self._lock:
            self.start()
            assert self._running is not None
            try:
                return self._running.ask(request, arrays, progress)
            except BaseException as error:
                if not isinstance(error, BadInput | CandidateFailed):
                    self._running.close()  # interrupted: what it would answer next is an answer to the wrong question
                raise


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array.copy() for name, array in arrays.items() if name.startswith(prefix)}
