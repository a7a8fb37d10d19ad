"""The map of what was accumulated: nothing where all is right, the gate and the steps that are wrong."""

from __future__ import annotations

import numpy as np
import planted
from planted import LSTM, RNN

from harness.diagnosis.maps import map_of


def test_the_map_shows_the_gate_and_the_steps_that_are_wrong() -> None:
    drawn = map_of(planted.found(planted.asked(LSTM, "lstm/5*o/dropped-line/last-step")).answered)
    assert drawn is not None
    assert drawn.labels == ("i", "f", "g", "o")
    wrong = drawn.error > 1e-9
    assert drawn.error.shape[1] == 10
    assert wrong[3, -1]
    assert not wrong[:3, -1].any()
    assert np.isfinite(drawn.error).all()


def test_there_is_no_map_of_what_is_right() -> None:
    assert map_of(planted.found(planted.asked(RNN)).answered) is None
    assert map_of(planted.found(planted.asked(RNN, "rnn/1*0/zero")).answered) is None


def test_a_limit_is_seen_in_the_map_of_the_case_in_which_it_shows() -> None:
    drawn = map_of(planted.found(planted.asked(LSTM, "lstm/5*h/clipped/5")).answered)
    assert drawn is not None
    assert drawn.error.max() > 0.1
