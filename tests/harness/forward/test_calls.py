"""How long a call takes decides how many elements are evaluated: slower runs that are not usual do not count."""

from __future__ import annotations

import time

import numpy as np

from harness.forward.calls import Calls


def test_each_is_the_quickest_call() -> None:
    calls = Calls({"w": np.ones(2)}, {}, lambda: None)
    assert calls.each == 0
    waits = iter([0.0, 0.05, 0.05])

    def loss(params: dict[str, np.ndarray], data: dict[str, np.ndarray]) -> float:
        time.sleep(next(waits))
        return float(params["w"].sum())

    for _ in range(3):
        calls(loss, {})
    assert 0 < calls.each < 0.05
