"""Lockstep: a sound hand agrees at every update, and each planted fault is found at its own update."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from small_training import LSTM, RNN, Planted, Step, descending, names_like, own, primes_like

from harness.errors import BadInput
from harness.trained import Drift, Lockstep
from harness.training.lockstep import ENOUGH, Beside, at_interval
from harness.training.peer import There
from harness.training.setting import Setting
from references import extended, jax_vjp, protocol
from references.model import Model

Change = Callable[[int, dict[str, np.ndarray]], None]
SETTINGS = {"names": names_like, "primes": primes_like}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extended reference in a process of its own, which starts sooner than a framework's."""
    monkeypatch.setattr(extended, "WORKER", "numpy")


def _run(
    setting: Setting, step: Step, updates: int = 60, reference: str = "extended", drift: bool = False
) -> tuple[Lockstep, Drift | None]:
    if protocol.missing(protocol.available()[reference]):
        pytest.skip(protocol.missing(protocol.available()[reference]))
    with Beside(setting, reference, drift) as beside:
        descending(setting, step, updates, [beside])
        return beside.finish()


def _fault(setting: Setting, change: Change, updates: int = 60, reference: str = "extended") -> Lockstep:
    return _run(setting, Planted(setting.model, change), updates, reference)[0]


@pytest.mark.parametrize("reference", ["jax", "torch", "extended"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_sound_hand_agrees_at_every_update(name: str, reference: str) -> None:
    setting = SETTINGS[name]()
    lockstep, drift = _run(setting, own(setting.model), 150, reference, drift=True)
    assert (lockstep.verdict, lockstep.updates, lockstep.agreeing, lockstep.first) == ("agree", 150, 150, None), (
        lockstep.reason
    )
    assert lockstep.reason == f"all 150 updates agree with {reference} at the same weights, within rounding"
    assert 0 < lockstep.worst_ratio < 1
    assert lockstep.worst_at.startswith("update ")
    assert lockstep.judgement is None
    assert 9 <= lockstep.in_full < 75  # 0, 1, 2, 4 … 128, and what did not pass the screen
    assert lockstep.version == protocol.version(protocol.available()[reference])
    assert drift is not None
    assert drift.updates.tolist() == list(range(150))
    assert drift.distance[0] == 0
    assert drift.distance.max() < 1e-12


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_equation_differs_from_the_first_update(name: str) -> None:
    setting = SETTINGS[name]()

    def transposed(update: int, grads: dict[str, np.ndarray]) -> None:
        H = grads["W_hh"].shape[1]
        grads["W_hh"][:H] = grads["W_hh"][:H].T.copy()

    lockstep = _fault(setting, transposed)
    assert (lockstep.verdict, lockstep.first, lockstep.agreeing) == ("differ", 0, 0)
    assert lockstep.reason.startswith("update 0 differs: W_hh differs; ")
    assert lockstep.judgement is not None
    assert {row.array for row in lockstep.judgement.rows if row.verdict == "differ"} == {"W_hh"}
    assert {row.array for row in lockstep.judgement.rows} == set(setting.params)  # neither x nor h0
    assert lockstep.worst_ratio > 1e6
    assert lockstep.in_full < 60  # the verdict was clear long before
    assert "more updates were not judged" in lockstep.reason


@pytest.mark.parametrize("reference", ["jax", "extended"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_fault_that_begins_at_update_37_is_found_there(name: str, reference: str) -> None:
    assert not at_interval(37)

    def late(update: int, grads: dict[str, np.ndarray]) -> None:
        if update >= 37:
            grads["b_ih"] *= 1.0001

    lockstep = _fault(SETTINGS[name](), late, reference=reference)
    assert (lockstep.verdict, lockstep.first, lockstep.agreeing) == ("differ", 37, 37)
    assert lockstep.judgement is not None
    assert lockstep.judgement.case.source == "update 37"


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("where", range(5))
def test_fifty_budgets_in_one_element_of_one_update_are_seen(name: str, where: int) -> None:
    """Whichever element: the smallest limit and the largest alike."""
    from harness.budget import budgets
    from harness.case import Case

    setting = SETTINGS[name]()
    seen: dict[str, tuple[int, ...]] = {}

    class Measured:
        def __call__(self, arrays: dict[str, np.ndarray]) -> object:
            answer = own(setting.model)(arrays)
            self.calls = getattr(self, "calls", -1) + 1
            if self.calls == 21:
                H = arrays["W_hh"].shape[1]
                B, D, T = 1, arrays["x"].shape[2], len(arrays["x"])
                K = len(arrays["W_hy"]) if setting.model.readout else H
                shapes = setting.model.shapes({"T": T, "B": B, "D": D, "H": H, "K": K})
                case = Case(setting.model, {n: np.array(arrays.get(n, np.zeros(s))) for n, s in shapes.items()}, "")
                limits = budgets(case, extended.gradients(case.model, case.arrays), ()).grads["W_hh"]
                at = np.unravel_index(np.argsort(limits, axis=None)[where * (limits.size - 1) // 4], limits.shape)
                answer.grads["W_hh"][at] += 50 * limits[at]
                seen["at"] = tuple(map(int, at))
            return answer

    lockstep = _run(setting, Measured())[0]  # type: ignore[arg-type]
    assert (lockstep.verdict, lockstep.first, lockstep.updates - lockstep.agreeing) == ("differ", 21, 1)
    assert 45 < lockstep.worst_ratio < 55
    assert lockstep.judgement is not None
    assert {row.ratio_at for row in lockstep.judgement.rows if row.array == "W_hh"} == {seen["at"]}


@pytest.mark.parametrize("factor", [-1.0, 0.5, 1 + 1e-9])
def test_a_scaled_gradient_differs(factor: float) -> None:
    def scaled(update: int, grads: dict[str, np.ndarray]) -> None:
        for grad in grads.values():
            grad *= factor

    lockstep = _fault(names_like(), scaled, 10)
    assert (lockstep.verdict, lockstep.first) == ("differ", 0)
    assert lockstep.judgement is not None
    found = [finding.name for finding in lockstep.judgement.findings]
    assert ("scaled" in found) == (factor in (-1.0, 0.5))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_differs_and_then_there_is_nothing_to_judge(value: float) -> None:
    def broken(update: int, grads: dict[str, np.ndarray]) -> None:
        if update == 5:
            grads["W_hy"][2, 3] = value

    setting = names_like()
    if np.isinf(value):  # the step clips it: training goes on
        lockstep = _fault(setting, broken, 20)
        assert (lockstep.first, lockstep.updates, lockstep.agreeing) == (5, 20, 19)
        return
    lockstep = _fault(setting, broken, 20)
    assert (lockstep.verdict, lockstep.first, lockstep.updates) == ("differ", 5, 6)
    assert "from update 6 on there is nothing to judge: " in lockstep.reason


def test_an_array_that_the_hand_does_not_give_is_not_graded() -> None:
    setting = primes_like()
    with Beside(setting, "extended", drift=False) as beside:
        for update in range(5):
            arrays = {**setting.params, **setting.batch(update)}
            answer = own(LSTM)(arrays)
            beside.note(update, arrays, answer._replace(grads={"W_hh": answer.grads["W_hh"]}))
        lockstep, _ = beside.finish()
    assert (lockstep.verdict, lockstep.updates) == ("agree", 5)
    assert lockstep.worst_at.split(", ")[1].startswith("W_hh")


def test_a_gradient_of_another_shape_is_none() -> None:
    setting = primes_like()
    with Beside(setting, "extended", drift=False) as beside:
        arrays = {**setting.params, **setting.batch(0)}
        answer = own(LSTM)(arrays)
        beside.note(0, arrays, answer._replace(grads={**answer.grads, "b_ih": answer.grads["b_ih"][:1]}))
        assert beside.finish()[0].verdict == "differ"


def test_references_that_contradict_each_other_are_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is wrong, hand and truth are right: nobody may say that the hand differs."""
    torch = protocol.available()["torch"]

    def wrong(model: Model, names: object, device: str) -> protocol.Repeated:
        def ask(cases: object) -> list[protocol.Lean]:
            found = []
            for arrays in cases:  # type: ignore[attr-defined]
                answer = extended.gradients(model, arrays)
                grads = {name: np.asarray(grad, float) for name, grad in answer.grads.items()}
                grads["W_hh"] = grads["W_hh"] * 1.001
                found.append(protocol.Lean(float(answer.loss), grads, {}))
            return found

        return ask

    monkeypatch.setattr(torch, "repeated", wrong)
    monkeypatch.setattr(torch, "WORKER", "")
    monkeypatch.setattr(torch, "NEEDS", ("numpy",))
    lockstep = _run(primes_like(), own(LSTM), 30, "torch")[0]
    assert (lockstep.verdict, lockstep.first) == ("inconclusive", 0)
    assert "references contradict each other" in lockstep.reason
    assert lockstep.in_full <= ENOUGH + 6


def test_a_reference_that_dies_is_an_error_and_the_training_goes_on(elsewhere: None) -> None:
    setting = primes_like()
    with Beside(setting, "extended") as beside:
        step = own(LSTM)

        def killing(arrays: dict[str, np.ndarray]) -> object:
            if beside._peer is not None:
                beside._peer._process.kill()  # type: ignore[attr-defined]
            return step(arrays)

        weights = descending(setting, killing, 300, [beside])  # type: ignore[arg-type]
        lockstep, _ = beside.finish()
    assert lockstep.verdict == "error"
    assert lockstep.reason.startswith("extended failed: its process ended by signal 9")
    alone = descending(setting, step, 300)
    assert all(np.array_equal(weights[name], alone[name]) for name in alone)


def test_a_reference_that_is_too_slow_is_an_error(elsewhere: None) -> None:
    with Beside(primes_like(), "extended", patience=0.05) as beside:
        descending(primes_like(), own(LSTM), 3, [beside])
        lockstep, drift = beside.finish()
    assert (lockstep.verdict, lockstep.reason) == ("error", "extended failed: it gave no answer within 0.05 s")
    assert drift is None


def test_what_cannot_run_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol.available()["torch"], "NEEDS", ("no_such_framework",))
    lockstep = _run_unchecked("torch")
    assert lockstep.verdict == "inconclusive"
    assert "no_such_framework not installed" in lockstep.reason


def _run_unchecked(reference: str) -> Lockstep:
    with Beside(names_like(), reference) as beside:
        descending(names_like(), own(RNN), 3, [beside])
        return beside.finish()[0]


def test_a_reference_that_there_is_not() -> None:
    with pytest.raises(BadInput, match=r"^reference: got 'jaxx', allowed: .*jax"):
        Beside(names_like(), "jaxx")


def test_nothing_noted_is_inconclusive() -> None:
    with Beside(names_like(), "extended") as beside:
        lockstep, drift = beside.finish()
    assert (lockstep.verdict, lockstep.reason, drift) == ("inconclusive", "no update was judged", None)


@pytest.mark.parametrize("place", range(4))
def test_an_interrupt_anywhere_loses_nothing_that_was_noted(
    place: int, monkeypatch: pytest.MonkeyPatch, elsewhere: None
) -> None:
    """While it writes to the process, waits for it, judges, or releases a block: finish says all that was put."""
    from harness.training import peer

    where = [(peer.There, "_send"), (peer.There, "_await"), (Beside, "_one"), (peer.There, "release")][place]
    inner = getattr(*where)
    after = {0: 3, 1: 0, 2: 6, 3: 1}[place]
    calls = []

    def interrupted(*given: object) -> object:
        done = inner(*given)
        calls.append(1)
        if len(calls) == after + 1:
            raise KeyboardInterrupt
        return done

    puts = []
    put = peer.There.put
    monkeypatch.setattr(peer.There, "put", lambda self, asked: (puts.append(asked.update), put(self, asked)))
    monkeypatch.setattr(peer, "UPDATES", 5)
    monkeypatch.setattr(*where, interrupted)
    setting = names_like()
    with Beside(setting, "extended") as beside:
        with pytest.raises(KeyboardInterrupt):
            descending(setting, own(RNN), 200, [beside])
        lockstep, drift = beside.finish()
    assert (lockstep.verdict, lockstep.updates) == ("agree", len(puts))
    assert 5 <= len(puts) < 200
    assert drift is not None
    assert drift.updates.tolist() == puts


def test_an_interrupted_training_does_not_wait_for_what_takes_long(
    monkeypatch: pytest.MonkeyPatch, elsewhere: None
) -> None:
    setting = names_like()
    with Beside(setting, "extended", False) as beside:
        descending(setting, own(setting.model), 3, [beside])
        monkeypatch.setattr(There, "finished", lambda self, wait: None)  # nothing ever comes back
        lockstep, _ = beside.finish(0.1)
    assert (lockstep.verdict, lockstep.updates, lockstep.reason) == ("inconclusive", 0, "no update was judged")


def test_an_interrupted_training_says_what_was_answered_in_time(elsewhere: None) -> None:
    setting = names_like()
    with Beside(setting, "extended", False) as beside:
        descending(setting, own(setting.model), 3, [beside])
        lockstep, _ = beside.finish(60.0)
    assert (lockstep.verdict, lockstep.updates) == ("agree", 3)


def test_no_more_is_kept_in_memory_than_a_few_blocks(monkeypatch: pytest.MonkeyPatch, elsewhere: None) -> None:
    """One update in a block, and blocks that must grow for a longer case: all are judged, in order."""
    from dataclasses import replace

    from harness.training import peer

    monkeypatch.setattr(peer, "BYTES", 1)
    setting = names_like()
    rng = np.random.default_rng(0)

    def longer(update: int) -> dict[str, np.ndarray]:
        codes = rng.integers(5, size=4 + 3 * update)
        return {"x": np.eye(5)[codes[:-1]][:, None], "y": codes[1:, None]}

    setting = replace(setting, batch=longer)
    lockstep, _ = _run(setting, own(RNN), 15, "extended", drift=True)
    assert (lockstep.verdict, lockstep.updates) == ("agree", 15)


def test_bytes_that_arrive_changed_are_an_error(monkeypatch: pytest.MonkeyPatch, elsewhere: None) -> None:
    from harness.training.peer import There

    put = There.put

    def spoilt(self: There, asked: object) -> None:
        assert self._current is not None
        self._layout.record(self._memory.view, self._current.start, 7, 1).arrays["W_hh"][0, 0] *= 1 + 2**-52
        put(self, asked)  # type: ignore[arg-type]

    monkeypatch.setattr(There, "put", spoilt)
    lockstep, _ = _run(primes_like(), own(LSTM), 1, "extended")
    assert lockstep.verdict == "error"
    assert "extended failed: it received other bytes in update 0: fingerprint " in lockstep.reason


def test_jax_is_the_first_choice() -> None:
    if protocol.missing(protocol.available()["jax"]):
        pytest.skip("jax not installed")
    assert Beside(names_like())._reference.NAME == jax_vjp.NAME
