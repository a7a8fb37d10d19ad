"""The character RNN of the casebook's names, step by step: column vectors, a dictionary entry per time step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Arrays = dict[Any, np.ndarray]


def softmax(z: np.ndarray) -> np.ndarray:
    """Of a column."""
    e = np.exp(z - np.max(z))
    return e / np.sum(e, axis=0)


def forward(X: list[int | None], Y: list[int], a_before: np.ndarray, p: Arrays) -> tuple[float, Arrays, Arrays, Arrays]:
    """The loss, and what each step reads, holds and predicts."""
    x: Arrays = {}
    a: Arrays = {-1: np.copy(a_before)}
    predicted: Arrays = {}
    loss = 0.0
    for t in range(len(X)):
        x[t] = np.zeros((p["Wax"].shape[1], 1))
        if X[t] is not None:
            x[t][X[t]] = 1
        a[t] = np.tanh(np.dot(p["Wax"], x[t]) + np.dot(p["Waa"], a[t - 1]) + p["b"])
        predicted[t] = softmax(np.dot(p["Wya"], a[t]) + p["by"])
        loss -= np.log(predicted[t][Y[t], 0])
    return loss, x, a, predicted


def backward(Y: list[int], p: Arrays, x: Arrays, a: Arrays, predicted: Arrays) -> Arrays:
    """The gradient of each parameter, added up from the last step to the first."""
    grads: Arrays = {name: np.zeros_like(value) for name, value in p.items()}
    da_next = np.zeros_like(a[-1])
    for t in reversed(range(len(Y))):
        dy = np.copy(predicted[t])
        dy[Y[t]] -= 1
        grads["Wya"] += np.dot(dy, a[t].T)
        grads["by"] += dy
        da = np.dot(p["Wya"].T, dy) + da_next
        raw = (1 - a[t] * a[t]) * da
        grads["b"] += raw
        grads["Wax"] += np.dot(raw, x[t].T)
        grads["Waa"] += np.dot(raw, a[t - 1].T)
        da_next = np.dot(p["Waa"].T, raw)
    return grads


def training(text: str, hidden: int = 50, rate: float = 0.01, limit: float = 5) -> Iterator[float]:
    """The loss of one name after another, without an end."""
    text = text.lower()
    alphabet = sorted(set(text) | {"\n"})
    number = {symbol: k for k, symbol in enumerate(alphabet)}
    V = len(alphabet)
    rng = np.random.RandomState(1)
    p = {
        "Wax": rng.randn(hidden, V) * 0.01,
        "Waa": rng.randn(hidden, hidden) * 0.01,
        "Wya": rng.randn(V, hidden) * 0.01,
        "b": np.zeros((hidden, 1)),
        "by": np.zeros((V, 1)),
    }
    names = [line.strip() for line in text.splitlines()]
    np.random.RandomState(0).shuffle(names)
    a_before = np.zeros((hidden, 1))
    update = 0
    while True:
        codes = [number[symbol] for symbol in names[update % len(names)]]
        X, Y = [None, *codes], [*codes, number["\n"]]
        loss, x, a, predicted = forward(X, Y, a_before, p)
        grads = backward(Y, p, x, a, predicted)
        for name in grads:
            np.clip(grads[name], -limit, limit, out=grads[name])
        for name in p:
            p[name] += -rate * grads[name]
        a_before = a[len(X) - 1]
        update += 1
        yield loss
