"""Trainings that take milliseconds, and a loop that descends as every training does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import handgrad
from harness.trained import Figure, Series
from harness.training.descent import Clip, descend
from harness.training.setting import Setting
from references.model import Model

RNN = Model("rnn", "tanh", "softmax-cross-entropy", "sum", 1, True)
LSTM = Model("lstm", "identity", "first-unit-squared-error", "sum", 1, False)
Step = Callable[[dict[str, np.ndarray]], handgrad.Gradients]


class Nothing:
    """A meter that measures nothing."""

    def note(self, update: int, answer: handgrad.Gradients, data: Any) -> None:
        """Nothing."""

    def series(self) -> list[Series]:
        """None."""
        return []

    def figures(self) -> list[Figure]:
        """None."""
        return []

    def told(self) -> list[tuple[str, str]]:
        """Nothing."""
        return []


def names_like(H: int = 6, K: int = 5) -> Setting:
    """One-hot rows of four lengths, states carried, clipped: other data at every update."""
    rng = np.random.default_rng(3)
    params = {
        "W_ih": rng.normal(size=(H, K)) * 0.3,
        "W_hh": rng.normal(size=(H, H)) * 0.3,
        "b_ih": rng.normal(size=H) * 0.1,
        "W_hy": rng.normal(size=(K, H)) * 0.3,
        "b_y": rng.normal(size=K) * 0.1,
    }
    batches = []
    for number in range(8):
        codes = rng.integers(K, size=5 + number % 4)
        batches.append({"x": np.eye(K)[codes[:-1]][:, None], "y": codes[1:, None]})
    return Setting(
        "names", "drawn", RNN, params, 0.05, 100, lambda u: batches[u % 8], Nothing, Clip(elementwise=0.5), ("h",)
    )


def primes_like(H: int = 6, D: int = 4) -> Setting:
    """The same data at every update, nothing carried, not clipped; all gates begin equal."""
    rng = np.random.default_rng(4)
    params = {
        "W_ih": np.tile(rng.uniform(-0.3, 0.3, (H, D)), (4, 1)),
        "W_hh": np.tile(rng.uniform(-0.3, 0.3, (H, H)), (4, 1)),
        "b_ih": np.tile(rng.uniform(-0.3, 0.3, H), 4),
    }
    data = {"x": rng.uniform(0, 1, (7, 1, D)), "y": rng.uniform(0, 0.5, (7, 1))}
    return Setting("primes", "drawn", LSTM, params, 0.01, 100, lambda u: data, Nothing)


def own(model: Model) -> Step:
    """The gradient of handgrad."""

    def step(arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        return handgrad.loss_and_grads(
            arrays, cell=model.cell, activation=model.activation, loss=model.loss, reduction=model.reduction
        )

    return step


@dataclass
class Planted:
    """A step with a fault: ``change(update, grads)`` alters the gradients in place."""

    model: Model
    change: Callable[[int, dict[str, np.ndarray]], None]
    calls: int = field(default=0)

    def __call__(self, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        """handgrad's, changed."""
        answer = own(self.model)(arrays)
        self.change(self.calls, answer.grads)
        self.calls += 1
        return answer


def descending(setting: Setting, step: Step, updates: int, observers: Iterable[Any] = ()) -> dict[str, np.ndarray]:
    """Train, and return the weights."""
    params = {name: param.copy() for name, param in setting.params.items()}
    states: dict[str, np.ndarray] = {}
    for update in range(updates):
        arrays = {**params, **setting.batch(update), **states}
        answer = step(arrays)
        for observer in observers:
            observer.note(update, arrays, answer)
        grads = {name: answer.grads[name] for name in params}
        setting.clip(grads)
        descend(params, grads, setting.rate)
        states = {f"{state}0": answer.trace[state][-1].copy() for state in setting.carried}
    return params
