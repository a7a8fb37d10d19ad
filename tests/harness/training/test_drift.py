"""The free drift: what it follows, how much of it is kept, and how its growth is fitted."""

from __future__ import annotations

import numpy as np
import pytest
from small_training import descending, names_like, own, primes_like

import handgrad
from harness.training.descent import Clip
from harness.training.drift import KEPT, Curve, Free, growth
from harness.training.lockstep import Beside
from harness.training.setting import Setting
from references import extended
from references.protocol import Lean


def _lean(setting: Setting, arrays: dict[str, np.ndarray]) -> Lean:
    answer = own(setting.model)(arrays)
    final = {state: answer.trace[state][-1] for state in setting.model.equations.STATES}
    return Lean(float(answer.loss), {name: answer.grads[name] for name in setting.params}, final)


@pytest.mark.parametrize("setting", [names_like(), primes_like()], ids=["names", "primes"])
def test_by_the_hands_own_gradients_it_goes_the_hands_own_way(setting: Setting) -> None:
    """Weights, clip, rate and carried states."""
    free = Free(setting.params, setting.clip, setting.rate, setting.carried)
    distances = []

    class Follower:
        def note(self, update: int, arrays: dict[str, np.ndarray], answer: handgrad.Gradients) -> None:
            B, H = arrays["x"].shape[1], arrays["W_hh"].shape[1]
            zero = {f"{state}0": np.zeros((B, H)) for state in setting.model.equations.STATES}
            distances.append(free.distance(arrays))
            free.step(_lean(setting, free.arrays({**zero, **arrays})))

    descending(setting, own(setting.model), 40, [Follower()])
    assert distances == [0.0] * 40


@pytest.mark.parametrize(
    "wrong", [{"clip": Clip()}, {"clip": Clip(0.4)}, {"rate": 0.051}], ids=["no clip", "another clip", "another rate"]
)
def test_any_other_way_of_descending_parts_them(wrong: dict[str, object]) -> None:
    setting = names_like()
    free = Free(
        **{"params": setting.params, "clip": setting.clip, "rate": setting.rate, "carried": setting.carried, **wrong}
    )
    last = []

    class Follower:
        def note(self, update: int, arrays: dict[str, np.ndarray], answer: handgrad.Gradients) -> None:
            last.append(free.distance(arrays))
            free.step(_lean(setting, free.arrays({"h0": np.zeros((1, 6)), **arrays})))

    descending(setting, own(setting.model), 40, [Follower()])
    assert last[0] == 0
    assert last[-1] > 1e-6


def test_states_begin_at_zero_where_the_hands_do() -> None:
    free = Free({"W": np.ones(2)}, Clip(), 0.1, ("h",))
    free.step(Lean(0.0, {"W": np.zeros(2)}, {"h": np.full((1, 2), 3.0)}))
    assert free.arrays({"h0": np.ones((1, 2))})["h0"].tolist() == [[3.0, 3.0]]
    assert free.arrays({"h0": np.zeros((1, 2))})["h0"].tolist() == [[0.0, 0.0]]


def test_the_distance_is_relative_and_over_all_parameters() -> None:
    free = Free({"V": np.array([3.0, 0.0]), "W": np.array([[4.0]])}, Clip(), 0.1, ())
    assert free.distance({"V": np.array([3.0, 0.0]), "W": np.array([[4.0]])}) == 0
    assert free.distance({"V": np.array([3.0, 0.5]), "W": np.array([[4.0]])}) == pytest.approx(0.5 / 25.25**0.5)
    assert Free({"W": np.zeros(1)}, Clip(), 0.1, ()).distance({"W": np.zeros(1)}) == 0


def test_where_hand_and_reference_are_the_same_there_is_no_drift() -> None:
    setting = names_like()

    def hand(arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        zero = {"b_hh": np.zeros(6), "h0": np.zeros((1, 6))}
        answer = extended.gradients(setting.model, {**zero, **arrays})
        grads = {name: np.asarray(answer.grads[name], float) for name in setting.params}
        return handgrad.Gradients(np.float64(answer.loss), grads, {"h": np.asarray(answer.trace["h"], float)})

    with Beside(setting, "extended") as beside:
        descending(setting, hand, 40, [beside])
        _, drift = beside.finish()
    assert drift is not None
    assert not drift.distance.any()
    assert np.isnan(drift.growth)


def test_a_fault_is_seen_in_the_drift_and_never_judged_there() -> None:
    """The hand is sound at every weight it is at; only its rate is another, which is no gradient's fault."""
    from dataclasses import replace

    setting = names_like()
    faster = replace(setting, rate=setting.rate * 1.01)
    with Beside(setting, "extended") as beside:
        descending(faster, own(setting.model), 60, [beside])
        lockstep, drift = beside.finish()
    assert lockstep.verdict == "agree"
    assert drift is not None
    assert drift.distance[-1] > 1e-4


def test_no_more_than_some_distances_are_kept_and_both_sides_want_the_same() -> None:
    one, two = Curve(), Curve()
    taken = 0
    for update in range(20_000):
        assert one.wants(update) == two.wants(update)
        if one.wants(update):
            taken += 1
            one.add(update, 1e-12)
            two.add(update, 1e-12)
    drift = one.drift("jax")
    assert drift is not None
    assert KEPT / 2 <= len(drift.updates) <= KEPT
    assert set(np.diff(drift.updates)) == {64}
    assert taken < 8 * KEPT
    assert Curve().drift("jax") is None


@pytest.mark.parametrize("factor", [2.0, 30.0, 0.5, 1.0])
def test_the_growth_is_fitted_before_saturation(factor: float) -> None:
    updates = np.arange(0, 5000, 20)
    distance = 1e-15 * factor ** (updates / 1000)
    distance[0] = 0
    distance *= np.exp(np.random.default_rng(0).normal(size=len(updates)) * 0.02)
    distance[50:60] *= 100  # some that are far off move nothing
    assert growth(updates, distance) == pytest.approx(factor, rel=0.05)
    saturated = np.concatenate([distance, np.full(300, 0.5)])
    assert growth(np.arange(0, 20 * len(saturated), 20), saturated) == pytest.approx(factor, rel=0.05)
    broken = np.concatenate([distance, np.full(300, np.nan)])
    assert growth(np.arange(0, 20 * len(broken), 20), broken) == pytest.approx(factor, rel=0.05)


@pytest.mark.parametrize("distance", [np.zeros(50), np.full(50, 0.1), np.array([0.0, 1e-16, 1e-15])])
def test_where_too_little_was_seen_there_is_no_growth(distance: np.ndarray) -> None:
    assert np.isnan(growth(np.arange(len(distance)), distance))
