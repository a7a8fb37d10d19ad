"""The checks that courses teach: central differences of every entry, and a relative error below a threshold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.tools.settings import Settings
from benchmarks.tools.subject import Subject

#: The lesson "Gradient Checking" takes the whole gradient as one vector and calls the error great below 1e-7; its
#: assignment warns above 1e-7 or, in later versions, above 2e-7.
DEEP_LEARNING = (
    '"Improving Deep Neural Networks: Hyperparameter Tuning, Regularization and Optimization" (A. Ng, DeepLearning.AI)'
)
NORM = Settings(eps=1e-7, rtol=1e-7)

#: The notes on gradient checks go entry by entry: above 1e-2 the gradient is probably wrong; 1e-4 is usually fine, but
#: too much where there are no kinks; at 1e-7 one should be happy.
CS231N = '"CS231n: Convolutional Neural Networks for Visual Recognition" (A. Karpathy et al., Stanford University)'
ENTRIES = {f"below 1e{power}": Settings(eps=1e-5, rtol=10.0**power) for power in (-2, -4, -7)}


def norm(subject: Subject, settings: Settings) -> bool:
    """Whether ‖a − n‖₂ ÷ (‖a‖₂ + ‖n‖₂) is below the threshold, over all entries together."""
    a, n = _both(subject, settings)
    size = float(np.linalg.norm(a) + np.linalg.norm(n))
    return size == 0 or float(np.linalg.norm(a - n)) / size < _threshold(settings)


def entries(subject: Subject, settings: Settings) -> bool:
    """Whether |a − n| ÷ max(|a|, |n|) is below the threshold at every entry; where both are zero, it is."""
    a, n = _both(subject, settings)
    size = np.maximum(np.abs(a), np.abs(n))
    error = np.divide(np.abs(a - n), size, out=np.zeros_like(size), where=size != 0)
    return bool((error < _threshold(settings)).all())


def _threshold(settings: Settings) -> float:
    assert settings.rtol is not None
    return settings.rtol


def _both(subject: Subject, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    assert settings.eps is not None
    grads = subject.gradients(subject.arrays)
    analytic = np.concatenate([grad.ravel() for grad in grads.values()])
    return analytic.astype(float), np.array(list(_differences(subject, settings.eps)))


def _differences(subject: Subject, eps: float) -> Iterator[float]:
    """(L(v + ε) − L(v − ε)) ÷ 2 ε for every entry v, at the precision of the arrays."""
    arrays = {name: array.copy() for name, array in subject.arrays.items()}
    step = subject.dtype.type(eps)
    for array in arrays.values():
        flat = array.reshape(-1)
        for k, v in enumerate(flat.copy()):
            flat[k] = v + step
            above = subject.loss(arrays)
            flat[k] = v - step
            below = subject.loss(arrays)
            flat[k] = v
            yield float((above - below) / (2 * step))
