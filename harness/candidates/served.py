"""A candidate as its worker process holds it: the loaded module, called so that it cannot disturb what calls it."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.candidates import contract, failure, purity, results, state
from harness.candidates.answers import Called, Description
from harness.candidates.failure import CandidateFailed
from harness.candidates.structure import as_array, copied, like
from harness.candidates.surroundings import Surroundings, Voice, reseed
from harness.candidates.target import Target
from harness.forward.private import load, unload
from harness.forward.rough import Mover

if TYPE_CHECKING:
    from harness.forward.derive import Derived

#: how many changed globals a message names
_NAMED = 4


class Served:
    """One candidate. ``alive`` is told before anything that may take long: what, and which share of it is done."""

    def __init__(self, target: Target, memory: float, voice: Voice, alive: Callable[[str, float], None]) -> None:
        self._target, self._memory, self._voice, self._alive = target, memory, voice, alive
        self._process = os.getpid()
        self._ours = Surroundings.now()
        self._theirs = self._ours
        self._module: ModuleType | None = None
        self._tight = False  #: memory ran out since the last import
        self._rough: tuple[ModuleType, Mover] | None = None  #: the module with its roundings drawn anew
        self._text = np.empty(0, int)  #: what a training loop reads
        self._remembers = False  #: a call depends on those before it: each then has a module of its own

    def describe(self) -> Description:
        """What the file declares. Raises BadInput where it is no candidate."""
        return contract.described(self._loaded(), self._target)

    def example(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The file's own params and data. Raises BadInput where it gives none that can be worked with."""
        example = contract.example(self._loaded(), self._target)
        with self._among_theirs(seed):
            given = example(seed)
        return contract.pair(given)

    def call(self, params: dict[str, Any], data: dict[str, Any], times: int) -> Called:
        """The answer to the same bytes, so many times, and what differs between the times."""
        module = self._untouched()
        before = state.snapshot(module) if times > 1 else {}
        given = copied(params), copied(data)
        started = time.perf_counter()
        returned = self._returned(module, *given, seed=1)
        seconds = time.perf_counter() - started
        answer = results.normalised(returned, params, data)
        impure = purity.changed_arguments((params, data), given)
        notes = answer.notes
        if times > 1:
            after = state.snapshot(module)
            unlike = self._unlike(module, answer, params, data, times)
            if unlike:
                impure.append(unlike + self._cause(module, params, data, state.changed(before, after)))
                self.forget()  # the next call starts from a fresh import
            elif arrays := state.changed_arrays(before, after):
                text = f"{_some(arrays)} outside the arguments changes during a call; the answers do not"
                notes = (*notes, ("state", text, tuple(arrays)))
        return Called(answer.loss, answer.grads, answer.trace, tuple(impure), notes, seconds)

    def feed(self, codes: np.ndarray | None, start: int, steps: int, left: dict[str, Any] | None) -> dict[str, Any]:
        """What the file's own training loop hands to a window, by default of the text that was given before.

        See `harness.candidates.process.Process.feed`.
        """
        self._text = self._text if codes is None else codes
        feed = contract.feed(self._loaded(), self._target)
        self._alive("call", 0.0)
        with self._among_theirs(start):
            given = feed(self._text.copy(), start, steps, left)
        return contract.fed(given)

    def rough(
        self, params: dict[str, Any], data: dict[str, Any], part: float, seed: int
    ) -> tuple[dict[str, np.ndarray], bool]:
        """The gradients with every rounding drawn anew from ``seed``, and whether there was anything to draw."""
        if self._remembers:
            self.forget()
        if self._rough is None:
            mover = Mover()
            self._alive("import", 0.0)
            with self._among_theirs(0):
                self._rough = load(self._target.path, mover=mover), mover
        module, mover = self._rough
        mover.begin(part, seed)
        self._alive("call", 0.0)
        returned = self._returned(module, copied(params), copied(data), seed=1)
        return results.normalised(returned, params, data).grads, mover.moved

    def derive(self, params: dict[str, Any], data: dict[str, Any], names: Sequence[str], seconds: float) -> Derived:
        """The candidate's own forward, differentiated."""
        from harness.forward.derive import derive

        self._loaded()

        def plain(params: dict[str, Any], data: dict[str, Any]) -> float:
            forward = self._forward(self._untouched())
            with self._among_theirs():
                returned = forward(params, data)
            return float(results.loss(returned))

        def patched() -> Callable[[dict[str, Any], dict[str, Any]], Any]:
            self._alive("import", 0.0)
            load_patched()

            def evaluate(params: dict[str, Any], data: dict[str, Any]) -> Any:
                if self._remembers:
                    unload(loaded.pop())
                    load_patched()
                forward = self._forward(loaded[-1])
                with self._among_theirs():
                    return forward(params, data)

            return evaluate

        def load_patched() -> None:
            with self._among_theirs(0):
                loaded.append(load(self._target.path, patched=True))

        loaded: list[ModuleType] = []
        reseed(0)
        try:
            return derive(plain, patched, params, data, names, seconds, lambda share: self._alive("derive", share))
        finally:
            for fresh in loaded:
                unload(fresh)

    def localise(self, cases: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
        """The line that is wrong, on the first of two cases, checked on the second; see `harness.diagnosis.lines`."""
        from harness.diagnosis.lines.watch import Watch
        from harness.diagnosis.lines.work import work

        watch = Watch()
        self._loaded()
        self._alive("import", 0.0)
        with self._among_theirs(0):
            module = load(self._target.path, watch=watch)

        def call(params: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[float, dict[str, np.ndarray]]:
            self._alive("localise", share)
            returned = self._returned(module, copied(params), copied(data), seed=1)
            answer = results.normalised(returned, params, data)
            return float(answer.loss), answer.grads

        share = 0.0

        def alive(now: float) -> None:
            nonlocal share
            share = now

        try:
            return work(call, watch, cases, seconds, str(self._target.path.parent), alive)
        finally:
            unload(module)

    def watch(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any] | None:
        """Where what is not finite in its answer comes from, see `harness.nanwatch`; None where all of it is finite."""
        from harness.nanwatch.recorder import Recorder
        from harness.nanwatch.work import told

        recorder = Recorder()
        self._loaded()
        self._alive("import", 0.0)
        with self._among_theirs(0):
            module = load(self._target.path, watch=recorder)
        try:
            given = copied(params), copied(data)
            self._alive("call", 0.0)
            recorder.begin()
            try:
                returned = self._returned(module, *given, seed=1)
            finally:
                recorder.end()
            results.normalised(returned, params, data)
            return told(recorder, {"loss": returned[0], "grads": returned[1]}, str(self._target.path.parent))
        finally:
            unload(module)

    def reads_globals(self, params: dict[str, Any], data: dict[str, Any]) -> tuple[str, ...]:
        """The params on which nothing depends, while the module has an array of the same shape."""
        module = self._loaded()
        present = set(state.arrays(module).values())
        rng = np.random.default_rng(0)
        base = results.normalised(self._returned(module, copied(params), copied(data), seed=1), params, data)
        found = []
        for name, value in params.items():
            array = as_array(value)
            if array is None or not _shapes(value) & present:
                continue
            other = {**copied(params), name: like(value, rng.normal(0, 0.5, array.shape).astype(array.dtype))}
            self._alive("call", 0.0)
            returned = self._returned(module, other, copied(data), seed=1)
            if not purity.differing(base.named, results.normalised(returned, other, data).named):
                found.append(name)
        return tuple(found)

    def mark(self, words: str) -> None:
        """Print ``words``: all that was printed before has then arrived, where they have."""
        self._voice.mend()
        os.write(self._voice.pipe, words.encode())

    def forget(self) -> None:
        """Start from a fresh import next time: a call that failed may have left anything behind."""
        for module in (self._module, self._rough[0] if self._rough else None):
            if module is not None:
                unload(module)
        self._module = self._rough = None
        if self._tight:
            gc.collect()
            self._tight = False

    def _untouched(self) -> ModuleType:
        """The module, without what earlier calls have left in it where that matters."""
        if self._remembers:
            self.forget()
        return self._loaded()

    def _loaded(self) -> ModuleType:
        if self._module is None:
            self._alive("import", 0.0)
            module = self._fresh()
            contract.check(module, self._target)
            self._module = module
            self._alive("call", 0.0)
        return self._module

    def _fresh(self) -> ModuleType:
        self._theirs = self._ours._replace(search=[str(self._target.path.parent), *self._ours.search])
        with self._among_theirs(0):
            module = load(self._target.path)
            self._theirs = Surroundings.now()
        return module

    def _function(self, module: ModuleType) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(module, self._target.function)
        return function

    def _forward(self, module: ModuleType) -> Callable[[dict[str, Any], dict[str, Any]], Any]:
        """The loss alone: of the forward that a function carries along, or out of all that it returns."""
        function = self._function(module)
        alone = getattr(function, "forward", None)
        if callable(alone):
            return alone  # type: ignore[no-any-return]

        def first(params: dict[str, Any], data: dict[str, Any]) -> Any:
            returned = function(params, data)
            if not isinstance(returned, tuple) or len(returned) not in (2, 3):
                raise CandidateFailed(f"it returned {results.what(returned)}, needs loss, grads or loss, grads, trace")
            return returned[0]

        return first

    def _returned(self, module: ModuleType, params: dict[str, Any], data: dict[str, Any], seed: int) -> Any:
        function = self._function(module)
        with self._among_theirs(seed):
            return function(params, data)

    def _unlike(
        self, module: ModuleType, first: results.Answer, params: dict[str, Any], data: dict[str, Any], times: int
    ) -> str:
        """What later calls on the same bytes do differently; empty where nothing."""
        for time_ in range(2, times + 1):
            self._alive("call", 0.0)
            try:
                returned = self._returned(module, copied(params), copied(data), seed=time_)
                again = results.normalised(returned, params, data)
            except CandidateFailed as error:
                return f"the second call on the same bytes fails, a cache was consumed: {error}"
            if names := purity.differing(first.named, again.named):
                return f"called twice on the same bytes it answers differently: {', '.join(names)}"
        return ""

    def _cause(self, module: ModuleType, params: dict[str, Any], data: dict[str, Any], changed: Sequence[str]) -> str:
        """Whether freshly imported modules answer alike, which tells state from chance."""
        answers = []
        for seed in (3, 4):
            self._alive("call", 0.0)
            try:
                fresh = self._fresh()
                returned = self._returned(fresh, copied(params), copied(data), seed)
                unload(fresh)
                answers.append(results.normalised(returned, params, data))
            except CandidateFailed as error:
                return f"; imported afresh it fails: {error}"
        if purity.differing(*(answer.named for answer in answers)):
            return "; imported afresh it does too: it is non-deterministic"
        self._remembers = True
        where = f" (module global {_some(changed)})" if changed else ""
        return f"; imported afresh it always answers the same: state is left behind{where}"

    @contextmanager
    def _among_theirs(self, seed: int | None = None) -> Iterator[None]:
        """Run the candidate's code in its own surroundings; what it raises becomes CandidateFailed."""
        if seed is not None:
            reseed(seed)
        self._theirs.restore()
        try:
            yield
        except CandidateFailed:
            raise
        except BaseException as error:
            self._tight = isinstance(error, MemoryError)
            raise failure.raised(error, self._target.path, self._memory) from None
        finally:
            if os.getpid() != self._process:
                os._exit(0)  # a forked child of the candidate's that came back
            self._ours.restore()
            if self._voice.mend():
                streams = self._voice.streams
                self._ours = self._ours._replace(streams=streams)
                self._theirs = self._theirs._replace(streams=streams)


def _shapes(value: Any) -> set[tuple[int, ...]]:
    """The shapes under which a value may lie in a module: its own, and those of a list's entries."""
    if isinstance(value, list | tuple):
        return {np.shape(one) for one in value}
    return {np.shape(value)}


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
