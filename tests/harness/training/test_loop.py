"""The loop: what is carried, clipped and kept, and how it ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handgrad import Gradients
from harness.candidates.failure import CandidateFailed
from harness.training import tasks
from harness.training.descent import Clip, descend, norm
from harness.training.hands import Own
from harness.training.loop import train
from harness.training.options import Options
from harness.training.setting import Setting

Arrays = dict[str, np.ndarray]


def names() -> Setting:
    return tasks.get("names").settings(Options())[0]


class Noted:
    """An observer that keeps everything."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, Arrays, Arrays]] = []

    def note(self, update: int, arrays: Arrays, answer: Gradients) -> None:
        self.seen.append(
            (update, {k: v.copy() for k, v in arrays.items()}, {k: v.copy() for k, v in answer.grads.items()})
        )


class Wrong:
    """handgrad's own until an update at which it does something else."""

    name = "wrong"

    def __init__(self, setting: Setting, at: int, what: str) -> None:
        self._own, self._at, self._what, self._update = Own(setting.model), at, what, 0

    def __call__(self, arrays: Arrays) -> Gradients:
        answer = self._own(arrays)
        if self._update == self._at:
            if self._what == "interrupt":
                raise KeyboardInterrupt
            if self._what == "fail":
                raise CandidateFailed("it fell over")
            if self._what == "loss":
                answer = answer._replace(loss=np.float64("nan"))
            if self._what == "large":
                answer.grads["W_hh"][2, 3] = 1e200
            if self._what == "gradient":
                answer.grads["W_hh"][2, 3] = np.inf
        self._update += 1
        return answer


def test_every_step_is_against_the_gradient_and_clipped_outside_of_it() -> None:
    setting, noted = replace(names(), clip=Clip(elementwise=0.01)), Noted()
    train(setting, Own(setting.model), 3, (noted,))
    (_, before, grads), (_, after, _) = noted.seen[:2]
    assert max(np.abs(grad).max() for grad in grads.values()) > 0.01
    for name in setting.params:
        np.testing.assert_allclose(after[name], before[name] - 0.01 * np.clip(grads[name], -0.01, 0.01), rtol=1e-12)


def test_states_are_carried_and_start_at_zero() -> None:
    setting, noted = names(), Noted()
    train(setting, Own(setting.model), 3, (noted,))
    assert "h0" not in noted.seen[0][1]
    for (_, before, _), (_, after, _) in zip(noted.seen, noted.seen[1:], strict=False):
        np.testing.assert_array_equal(after["h0"], Own(setting.model)(before).trace["h"][-1])


def test_the_setting_stays_as_it_is_and_a_second_training_is_the_same() -> None:
    setting = names()
    kept = {name: array.copy() for name, array in setting.params.items()}
    one, two = (train(setting, Own(setting.model), 5) for _ in range(2))
    assert one.losses == two.losses and one.norms == two.norms
    for name, array in kept.items():
        np.testing.assert_array_equal(setting.params[name], array)
        assert (one.params[name] != array).any()


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_is_not_finite_ends_it_with_the_arrays_that_made_it(what: str) -> None:
    setting, noted = names(), Noted()
    log = train(setting, Wrong(setting, 4, what), 10, (noted,))
    assert log.done == 4 and log.stuck is not None and not log.interrupted and not log.failed
    assert [update for update, _, _ in noted.seen] == [0, 1, 2, 3, 4]
    for name in setting.params:
        np.testing.assert_array_equal(log.stuck[name], noted.seen[-1][1][name])
        assert np.isfinite(log.params[name]).all()


def test_gradients_whose_norm_overflows_are_finite_and_clipping_holds_them() -> None:
    setting = names()
    log = train(setting, Wrong(setting, 4, "large"), 10)
    assert log.done == 10 and log.stuck is None and np.isinf(log.norms[4])


def test_an_interrupt_keeps_what_was_measured() -> None:
    setting = names()
    log = train(setting, Wrong(setting, 4, "interrupt"), 10)
    assert log.interrupted and log.done == 4 and log.stuck is None
    assert {len(one.updates) for one in log.series()} == {4}


def test_a_candidate_that_fails_ends_it_and_says_where() -> None:
    setting = names()
    log = train(setting, Wrong(setting, 2, "fail"), 10)
    assert log.failed == "update 2: it fell over" and log.done == 2


def test_a_tick_comes_now_and_then() -> None:
    setting, seen = names(), []
    train(setting, Own(setting.model), 400, tick=lambda update, loss: seen.append(update))
    assert seen == list(range(0, 400, 2))


def test_clipping_by_the_norm_of_all_gradients_together() -> None:
    grads = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    Clip(norm=1.0)(grads)
    np.testing.assert_allclose(norm(grads), 1)
    np.testing.assert_allclose(grads["a"], [0.6, 0])
    Clip(norm=2.0)(grads)
    np.testing.assert_allclose(norm(grads), 1)


def test_a_norm_of_what_is_not_finite_is_not() -> None:
    assert norm({"a": np.array([np.inf, 1])}) == np.inf
    assert np.isnan(norm({"a": np.array([np.nan])}))


def test_descending_is_one_step() -> None:
    params = {"a": np.array([1.0, 2.0])}
    descend(params, {"a": np.array([10.0, -10.0])}, 0.1)
    np.testing.assert_allclose(params["a"], [0, 3])
