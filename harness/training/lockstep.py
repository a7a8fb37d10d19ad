"""Lockstep: at every update, the hand's gradient beside the reference's at the same weights, judged by the budget.

The reference's process is sent the bytes of the weights, the data, the states and the hand's gradient of every update.
Updates are looked at as they come back, in their order. What does not pass the screen (`harness.training.screen`, which
says what it can and cannot let pass), and updates 0, 1, 2, 4, 8 … and every `EVERY`th, are judged in full
(`harness.training.in_full`): only an update's own budget ever says that it differs. At the set intervals the bytes that
the reference received are read back, and must be those that were noted.

Once `ENOUGH` full judgements were not to the hand's favour, the verdict is clear, and updates that do not pass the
screen are judged at the set intervals only; the others of these are not counted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np

from handgrad import Gradients
from harness.errors import BadInput
from harness.run import Verdict, worst
from harness.trained import Drift, Lockstep
from harness.training.drift import Curve
from harness.training.here import Here
from harness.training.in_full import Full, Judge
from harness.training.peer import Block, Peer, PeerFailed, PeerUnavailable, There
from harness.training.records import Asked, Layout, Record, flattened
from harness.training.screen import Screen, same
from harness.training.setting import Setting
from harness.workers import TIMEOUT
from references import protocol
from references.flat import apart
from references.model import fingerprint
from references.protocol import Reference

#: the references to choose from where none is asked for, the first that is installed
PREFERRED = ("jax", "torch", "extended")
#: updates that are judged in full at least
EVERY = 200
#: how many full judgements that are not to the hand's favour are made, but for those at set intervals
ENOUGH = 10
#: between two looks, where it is not known when something comes back; in seconds
_PAUSE = 0.02


class Beside:
    """Stands beside a training loop, as its observer; as a context manager it ends its process.

    ``hand`` is what reports call the backward pass. Raises BadInput for a reference that there is not.
    """

    def __init__(
        self,
        setting: Setting,
        reference: str | None = None,
        drift: bool = True,
        hand: str = "handgrad",
        device: str = "cpu",
        patience: float = TIMEOUT,
    ) -> None:
        self._setting, self._hand, self._drift, self._device, self._patience = setting, hand, drift, device, patience
        self._reference = _chosen(reference)
        self._layout: Layout | None = None
        self._peer: Peer | None = None
        self._curve = Curve()
        self._changed, self._first_data = False, dict[str, np.ndarray]()
        self._sent: dict[str, str] = {}  #: fingerprints of what was noted at the set intervals, by update
        self._last = -1  #: the last update that was looked at
        self._updates = self._agreeing = self._full = self._against = self._passed_over = 0
        self._ratio, self._place = 0.0, ""
        self._found: Full | None = None  #: the first that does not agree
        self._first: int | None = None
        self._unclear_at: int | None = None
        self._unclear: Full | None = None  #: the first that cannot be judged
        self._verdicts: set[Verdict] = set()
        self._over = ""  #: why no more updates are judged
        self._broken: tuple[Verdict, str] | None = None  #: the verdict where the reference cannot go on
        reason = protocol.missing(self._reference) or self._reference.unsupported(setting.model)
        if reason:
            self._broken = "inconclusive", f"{self._reference.NAME} cannot run: {reason}"

    @property
    def differs(self) -> bool:
        """Whether an update that was looked at differs."""
        return self._first is not None

    @property
    def seconds_compiling(self) -> float:
        """How long the training has stood still while the reference was loaded or compiled."""
        return 0.0 if self._peer is None else self._peer.compiling

    def note(self, update: int, arrays: Mapping[str, np.ndarray], answer: Gradients) -> None:
        """Take in an update, before its step is made; copies what it keeps."""
        if self._broken is not None or (self._over and not self._drift):
            return
        try:
            peer = self._peer or self._start(arrays, answer)
            T, B = arrays["x"].shape[:2]
            record = peer.room(T, B)
            while record is None:
                self._look(peer, wait=True)
                record = peer.room(T, B)
            assert self._layout is not None
            for name, view in record.arrays.items():
                view[...] = arrays.get(name, 0.0)  # a bias that the model lacks, a state that starts at zero
            flattened(answer.grads, self._layout.shapes, record.hand)
            read_back = at_interval(update)
            if read_back:
                self._sent[str(update)] = fingerprint(_bytes(record.arrays, arrays))
            peer.put(Asked(update, T, B, read_back, self._changing(record.arrays)))
            self._look(peer, wait=False)
        except (PeerFailed, PeerUnavailable) as error:
            self._fail(error)

    def finish(self, seconds: float | None = None) -> tuple[Lockstep, Drift | None]:
        """Wait for what is under way, and say what came of it.

        After an interrupt nobody waits long: ``seconds`` at most, and what was answered by then is what is said.
        """
        if self._peer is not None and self._broken is None:
            try:
                self._peer.flush()
                if seconds is None:
                    self._look(self._peer, wait=True, all_of_it=True)
                else:
                    self._look_for(self._peer, seconds)
            except (PeerFailed, PeerUnavailable) as error:
                self._fail(error)
        return self._told(), self._curve.drift(self._reference.NAME)

    def __enter__(self) -> Beside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._peer is not None:
            self._peer.close()

    def _start(self, arrays: Mapping[str, np.ndarray], answer: Gradients) -> Peer:
        """What is graded is what the hand gives a gradient of at its first update."""
        setting, model = self._setting, self._setting.model
        names = tuple(name for name in setting.params if name in answer.grads)
        H = arrays["W_hh"].shape[1]
        sizes = {"D": arrays["x"].shape[2], "H": H, "K": arrays["W_hy"].shape[0] if model.readout else H}
        self._layout = Layout(model, sizes, names)
        shapes = self._layout.shapes
        self._judge = Judge(model, names, self._hand, self._reference)
        self._screen = Screen(sum(map(math.prod, shapes.values())))
        about = {
            "model": model.to_dict(), "sizes": sizes, "names": names, "reference": self._reference.NAME,
            "device": self._device, "drift": self._drift, "clip": (setting.clip.elementwise, setting.clip.norm),
            "rate": setting.rate, "carried": setting.carried,
        }  # fmt: skip
        params = {name: np.array(arrays[name], float) for name in setting.params}
        if self._reference.WORKER:
            self._peer = There(self._layout, about, params, self._reference.WORKER, self._patience)
        else:
            self._peer = Here(self._layout, about, params)
        return self._peer

    def _changing(self, arrays: Mapping[str, np.ndarray]) -> bool:
        """Whether data or states have changed since the first update; then the budgets of other updates say nothing."""
        if not self._changed:
            data = self._data_of(arrays)
            self._first_data = self._first_data or {name: array.copy() for name, array in data.items()}
            self._changed = not same(data, self._first_data)
        return self._changed

    def _data_of(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Everything but the weights that are trained."""
        return {name: array for name, array in arrays.items() if name not in self._setting.params}

    def _look(self, peer: Peer, wait: bool, all_of_it: bool = False) -> None:
        """At the blocks that have come back; with ``wait`` at one at least, where any is under way."""
        while (done := peer.finished(wait)) is not None:
            block, received = done
            for number, what in received.items():
                sent = self._sent.pop(number, what)
                if sent != what:
                    raise PeerFailed(f"it received other bytes in update {number}: fingerprint {what}, not {sent}")
            self._look_at(block)
            peer.release()
            wait = all_of_it

    def _look_for(self, peer: Peer, seconds: float) -> None:
        """At what comes back in so many seconds."""
        last = time.monotonic() + seconds
        self._look(peer, wait=False)
        while peer.busy and time.monotonic() < last:
            time.sleep(_PAUSE)
            self._look(peer, wait=False)

    def _look_at(self, block: Block) -> None:
        for asked, record in zip(block.asked, block.records, strict=True):
            if asked.update <= self._last:
                continue  # an interrupt struck after it
            self._last = asked.update
            if not np.isnan(record.distance):
                self._curve.add(asked.update, float(record.distance))
            if not self._over:
                self._one(asked, record)

    def _one(self, asked: Asked, record: Record) -> None:
        """Screen or judge an update."""
        update, data, at_set = asked.update, self._data_of(record.arrays), at_interval(asked.update)
        if not at_set and (record.close == 1 or self._screen.passes(data, record.hand, record.reference)):
            self._updates += 1
            self._agreeing += 1
            self._verdicts.add("agree")
            return
        if self._against >= ENOUGH and not at_set:
            self._passed_over += 1
            return
        assert self._layout is not None
        shapes = self._layout.shapes
        try:
            full = self._judge(update, record.arrays, apart(record.hand, shapes), apart(record.reference, shapes))
        except BadInput as error:  # weights that are not finite: how that came is the NaN watch's to tell
            self._over = f"from update {update} on there is nothing to judge: {error}"
            return
        self._updates += 1
        self._full += 1
        self._verdicts.add(full.verdict)
        if full.ratio > self._ratio or not self._place:
            self._ratio, self._place = full.ratio, f"update {update}, {full.place}"
        if full.verdict == "agree":
            self._agreeing += 1
            if full.budgets is not None:
                budget = np.concatenate([full.budgets[name].reshape(-1) for name in shapes])
                self._screen.learn(data, budget)
            return
        self._against += 1
        if full.verdict == "differ" and self._found is None:
            self._found, self._first = full, update
        elif full.verdict != "differ" and self._unclear is None:
            self._unclear = full
            self._unclear_at = update

    def _fail(self, error: PeerFailed | PeerUnavailable) -> None:
        verdict: Verdict = "error" if isinstance(error, PeerFailed) else "inconclusive"
        how = "failed" if verdict == "error" else "cannot run"
        self._broken = verdict, f"{self._reference.NAME} {how}: {error}"

    def _told(self) -> Lockstep:
        name = self._reference.NAME
        first = self._first
        verdict = worst(list(self._verdicts))
        if self._broken is not None:
            verdict, reason = self._broken
        elif self._found is not None:
            reason = f"update {first} differs: {self._found.reason}"
        elif self._unclear is not None:
            first = self._unclear_at
            reason = f"update {first} cannot be judged: {self._unclear.reason}"
        elif not self._updates:
            verdict, reason = "inconclusive", "no update was judged"
        else:
            reason = f"all {self._updates} updates agree with {name} at the same weights, within rounding"
        if self._passed_over:
            reason += f"; {self._passed_over} more updates were not judged, as enough had been"
        if self._over:
            reason += f"; {self._over}"
        of = self._found or self._unclear
        return Lockstep(
            reference=name, version=protocol.version(self._reference), updates=self._updates, agreeing=self._agreeing,
            in_full=self._full, worst_ratio=self._ratio, worst_at=self._place, first=first, verdict=verdict,
            reason=reason, judgement=None if of is None else of.judgement,
        )  # fmt: skip


def at_interval(update: int) -> bool:
    """Whether an update is judged in full whatever the screen says."""
    return update % EVERY == 0 or update & (update - 1) == 0


def _chosen(name: str | None) -> Reference:
    known = protocol.available()
    if name is None:
        return next(known[one] for one in PREFERRED if not protocol.missing(known[one]))
    if name not in known:
        raise BadInput(f"reference: got {name!r}, allowed: {', '.join(known)}")
    return known[name]


def _bytes(placed: Mapping[str, np.ndarray], given: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What was given, complete and in the dtypes that it is sent in."""
    return {
        name: np.asarray(given[name], view.dtype) if name in given else np.zeros_like(view)
        for name, view in placed.items()
    }
