"""The peer: places in shared memory, and a process that answers each block once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_training import LSTM, RNN, names_like, own, primes_like

from harness.training import peer
from harness.training.here import Here
from harness.training.peer import PeerFailed, There
from harness.training.records import ALIGNMENT, Asked, Layout, flattened
from harness.training.setting import Setting
from references import extended
from references.flat import apart

SIZES = {"D": 5, "H": 6, "K": 5}


def _about(setting: Setting, reference: str, drift: bool = False) -> dict[str, Any]:
    return {
        "model": setting.model.to_dict(), "sizes": SIZES if setting.model == RNN else {"D": 4, "H": 6, "K": 6},
        "names": tuple(setting.params), "reference": reference, "device": "cpu", "drift": drift,
        "clip": (setting.clip.elementwise, setting.clip.norm), "rate": setting.rate, "carried": setting.carried,
    }  # fmt: skip


def _fill(one: Here | There, setting: Setting, update: int) -> None:
    data = setting.batch(update)
    T, B = data["x"].shape[:2]
    record = one.room(T, B)
    assert record is not None
    for name, view in record.arrays.items():
        view[...] = {**setting.params, **data}.get(name, 0.0)
    record.hand[...] = 0
    if update == 1:  # a right one
        grads = own(setting.model)({**setting.params, **data}).grads
        flattened(grads, {name: setting.params[name].shape for name in setting.params}, record.hand)
    one.put(Asked(update, T, B, True, True))


def test_places_do_not_overlap_and_are_aligned() -> None:
    layout = Layout(RNN, SIZES, tuple(names_like().params))
    memory = memoryview(bytearray(2 * layout.bytes(7, 2)))
    assert layout.bytes(7, 2) % ALIGNMENT == 0
    parts = []
    for start in (0, layout.bytes(7, 2)):
        record = layout.record(memory, start, 7, 2)
        parts += [*record.arrays.values(), record.hand, record.reference, record.close, record.distance]
    base = np.frombuffer(memory, np.uint8).ctypes.data
    assert all((part.ctypes.data - base) % ALIGNMENT == 0 for part in parts)
    for number, part in enumerate(parts):
        part[...] = number
    assert all((part == number).all() for number, part in enumerate(parts))
    assert layout.record(memory, 0, 7, 2).arrays["y"].dtype == np.int64
    assert layout.record(memory, 0, 7, 2).arrays["x"].shape == (7, 2, 5)


def test_what_is_flattened_comes_apart_again() -> None:
    shapes = {"W": (2, 3), "b": (2,)}
    grads = {"b": np.array([7.0, 8.0]), "W": np.arange(6.0).reshape(2, 3)}
    flat = np.empty(8)
    flattened(grads, shapes, flat)
    assert flat.tolist() == [0, 1, 2, 3, 4, 5, 7, 8]
    assert all(np.array_equal(array, grads[name]) for name, array in apart(flat, shapes).items())
    flattened({"W": np.zeros((3, 2))}, shapes, flat)
    assert np.isnan(flat).all()


@pytest.mark.parametrize("make", [names_like, primes_like])
def test_a_process_answers_what_the_same_reference_answers_here(make: Any) -> None:
    setting = make()
    about = _about(setting, "extended", drift=True)
    layout = Layout(setting.model, about["sizes"], about["names"])
    here, there = Here(layout, about, setting.params), There(layout, about, setting.params, "numpy")
    try:
        for update in range(3):
            for one in (here, there):
                _fill(one, setting, update)
            there.flush()
            (mine, _), (theirs, received) = here.finished(True), there.finished(True)  # type: ignore[misc]
            assert set(received) == {str(update)}
            assert np.array_equal(mine.records[0].reference, theirs.records[0].reference)
            assert mine.records[0].close == theirs.records[0].close
            # A dot product rounds by where in memory its arrays begin.
            assert mine.records[0].distance == pytest.approx(theirs.records[0].distance, rel=1e-9)
            assert mine.records[0].close == (1 if update == 1 else 0)
            here.release()
            there.release()
        assert there.finished(True) is None
    finally:
        there.close()


def test_a_block_that_is_sent_twice_is_answered_once() -> None:
    """As an interrupt may make it: the free trajectory must take one step."""
    setting = primes_like()
    about = _about(setting, "extended", drift=True)
    layout = Layout(LSTM, about["sizes"], about["names"])
    there = There(layout, about, setting.params, "numpy")
    try:
        distances = []
        for update in range(2):
            _fill(there, setting, update)
            block = there._current
            there.flush()
            there._current = block
            there.flush()
            done = there.finished(True)
            assert done is not None
            distances.append(float(done[0].records[0].distance))
            there.release()
        expected = extended.gradients(LSTM, done[0].records[0].arrays).grads
        size = sum(float(np.vdot(p, p)) for p in setting.params.values())
        step = sum(float(np.vdot(expected[n], expected[n])) for n in setting.params) * setting.rate**2
        assert distances == pytest.approx([0.0, (step / size) ** 0.5], rel=1e-9)  # the hand stood still
    finally:
        there.close()


def test_there_is_no_room_while_all_blocks_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "UPDATES", 1)
    setting = primes_like()
    about = _about(setting, "extended")
    there = There(Layout(LSTM, about["sizes"], about["names"]), about, setting.params, "numpy")
    try:
        for update in range(peer.BLOCKS):
            _fill(there, setting, update)
        assert there.room(7, 1) is None
        assert there.finished(True) is not None
        assert there.room(7, 1) is None  # it is still being looked at
        there.release()
        assert there.room(7, 1) is not None
    finally:
        there.close()


def test_nothing_is_left_of_the_memory() -> None:
    setting = primes_like()
    about = _about(setting, "extended")
    there = There(Layout(LSTM, about["sizes"], about["names"]), about, setting.params, "numpy")
    _fill(there, setting, 0)
    path = Path(there._memory.path)
    assert path.exists()
    there.flush()
    there.finished(True)
    assert not path.exists()  # both have mapped it
    there.close()
    other = There(Layout(LSTM, about["sizes"], about["names"]), about, setting.params, "numpy")
    _fill(other, setting, 0)
    path = Path(other._memory.path)
    other.close()
    assert not path.exists()
    assert other._process.returncode == -9


@pytest.mark.skipif(os.name != "posix", reason="signals are Unix")
def test_an_interrupt_does_not_reach_the_process() -> None:
    import signal

    setting = primes_like()
    about = _about(setting, "extended")
    there = There(Layout(LSTM, about["sizes"], about["names"]), about, setting.params, "numpy")
    try:
        for update in range(2):
            _fill(there, setting, update)
            there.flush()
            assert there.finished(True) is not None
            there.release()
            os.kill(there._process.pid, signal.SIGINT)
        assert os.getpgid(there._process.pid) != os.getpgid(0)
    finally:
        there.close()


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_reference_that_raises_has_failed(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = primes_like()
    about = {**_about(setting, "extended"), "names": ("W_hh",)}
    layout = Layout(LSTM, {**about["sizes"], "D": 3}, about["names"])  # sizes that do not fit each other
    about["sizes"] = layout.sizes
    params = {"W_hh": np.zeros((24, 5))}
    if where == "here":
        monkeypatch.setattr(extended, "gradients", lambda *given: 1 / 0)
        one: Here | There = Here(layout, about, params)
        one.room(7, 1)
        with pytest.raises(PeerFailed, match=r"^ZeroDivisionError: division by zero$"):
            one.put(Asked(0, 7, 1, False, False))
        return
    one = There(layout, {**about, "drift": True}, params, "numpy")
    try:
        one.room(7, 1)
        one.put(Asked(0, 7, 1, False, False))
        one.flush()
        with pytest.raises(PeerFailed, match=r"Error: ") as raised:
            one.finished(True)
        assert "\n" not in str(raised.value)
    finally:
        one.close()
