"""Primes (casebook: lstm-without-tanh): from 50 consecutive primes below 100, cyclic, to the 51st."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handgrad import Gradients
from harness.trained import Figure
from harness.training.meters import Losses, figure
from harness.training.options import Options
from harness.training.setting import Setting
from harness.training.tasks import untanhed

NAME = "primes"
SUMMARY = "the LSTM without the output tanh: the next prime after 50"
ENTRY = "lstm-without-tanh"

INPUTS, SAMPLES, BELOW = 50, 10, 100
PUBLISHED = {0: 0.17973085380850418, 9000: 1.0517205191e-06}
PREDICTIONS = (0.019828, 0.030286, 0.049671, 0.070302, 0.109682, 0.130395, 0.169550, 0.190424, 0.229697, 0.290101)


def settings(options: Options) -> list[Setting]:
    """H = 100, D = 50, rate 0.01, 10,000 updates; another activation beside the published one."""
    primes = np.array([n for n in range(2, BELOW) if all(n % k for k in range(2, n))]) / BELOW
    places = np.arange(SAMPLES)[:, np.newaxis] + np.arange(INPUTS + 1)
    windows = primes[places % len(primes)][:, np.newaxis]  # T 1 D+1
    batch = {"x": np.ascontiguousarray(windows[..., :-1]), "y": np.ascontiguousarray(windows[..., -1])}
    words = f"{SAMPLES} windows of {INPUTS} primes below {BELOW}, cyclic, the same at every update"
    return untanhed.variants(NAME, options, words, batch, 0.01, 10_000, lambda same: lambda: _Predictions(same))


class _Predictions(Losses):
    """The loss, and what is predicted."""

    def __init__(self, published: bool) -> None:
        super().__init__(PUBLISHED if published else {}, 1e-7)
        self._last = np.empty(0)
        self._then: np.ndarray | None = None

    def note(self, update: int, answer: Gradients, data: Mapping[str, np.ndarray]) -> None:
        super().note(update, answer, data)
        self._last = answer.trace["h"][:, 0, 0]
        if update == 9000 and self._published:
            self._then = self._last.copy()

    def figures(self) -> list[Figure]:
        found = super().figures()
        if self._then is not None:
            found += [
                figure(f"prediction {k} at update 9000", published, float(here), 5e-7, False)
                for k, (published, here) in enumerate(zip(PREDICTIONS, self._then, strict=True))
            ]
        return found

    def told(self) -> list[tuple[str, str]]:
        return [("predicts", " ".join(f"{value:.4f}" for value in self._last))] if self._last.size else []
