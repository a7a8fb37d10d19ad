"""What rewritten lines call where plain arithmetic would be hard to read; each is wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def logistic(v: np.ndarray) -> np.ndarray:
    """σ(v)."""
    result: np.ndarray = 1 / (1 + np.exp(-v))
    return result


def softmax(v: np.ndarray, axis: int = -1) -> np.ndarray:
    """The softmax of v along an axis."""
    e = np.exp(v - v.max(axis=axis, keepdims=True))
    result: np.ndarray = e / e.sum(axis=axis, keepdims=True)
    return result


def averaged(v: np.ndarray, axis: int) -> np.ndarray:
    """The mean along an axis in place of every entry, in v's shape."""
    return np.broadcast_to(v.mean(axis=axis, keepdims=True), v.shape).copy()


def shortened(v: np.ndarray, norm: float) -> np.ndarray:
    """The array scaled down to a norm where it is longer."""
    length = np.sqrt(np.square(v).sum())
    result: np.ndarray = v * (norm / length) if length > norm else v
    return result


def below_largest(v: np.ndarray) -> np.ndarray:
    """The array clipped at 0.999 of its largest magnitude."""
    limit = 0.999 * np.abs(v).max()
    result: np.ndarray = np.clip(v, -limit, limit)
    return result


def nudged(v: np.ndarray) -> np.ndarray:
    """The array with its largest entry 1.001 times what it was."""
    result = np.array(v)
    result[np.unravel_index(np.abs(v).argmax(), v.shape)] *= 1.001
    return result


def windowed(
    backward: Callable[..., dict[str, np.ndarray]],
    tape: Any,
    G: np.ndarray,
    final: Mapping[str, np.ndarray],
    steps: int,
) -> dict[str, np.ndarray]:
    """Backward from every step's cotangent by itself, through at most ``steps`` steps, added up."""
    T = len(G)
    total: dict[str, np.ndarray] = {}
    for last in range(T):
        first = max(last - steps + 1, 0)
        part = tape._replace(**{name: _between(v, first, last, T) for name, v in tape._asdict().items()})
        alone = np.zeros_like(G[first : last + 1])
        alone[-1] = G[last]
        arriving = final if last == T - 1 else {name: np.zeros_like(v) for name, v in final.items()}
        for name, grad in backward(part, alone, arriving).items():
            if name == "x":
                total.setdefault(name, np.zeros_like(tape.x))[first : last + 1] += grad
            elif name not in total:
                total[name] = grad if first == 0 or not name.endswith("0") else np.zeros_like(grad)
            elif first == 0 or not name.endswith("0"):
                total[name] = total[name] + grad
    return total


def _between(v: Any, first: int, last: int, T: int) -> Any:
    """Steps first … last of a tape's quantity; states keep the one before them, and what has no time axis stays."""
    if not isinstance(v, np.ndarray) or v.ndim < 3:
        return v
    return v[first : last + 1 + len(v) - T]
