"""`jax.test_util.check_grads`: one random direction, by central differences.

For reverse mode of first order it is `check_vjp` of a function and its transposed derivative, of which only the latter
comes from tracing. Given the candidate's gradients in its place, the very same comparison judges them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.tools.settings import Settings
from benchmarks.tools.subject import Subject

#: Its step is 1e-4; its tolerances, both, are 1e-5 in float64 and 2e-3 in float32.
DEFAULT = Settings()


def accepts(subject: Subject, settings: Settings) -> bool:
    """Whether `jax.test_util.check_grads(…, order=1, modes=["rev"])` accepts a subject."""
    import jax
    from jax.test_util import check_vjp

    def loss(*args: np.ndarray) -> np.ndarray:
        return np.asarray(subject.loss(dict(zip(subject.arrays, args, strict=True))))

    def vjp(*args: np.ndarray) -> tuple[np.ndarray, Any]:
        grads = subject.gradients(dict(zip(subject.arrays, args, strict=True)))
        return loss(*args), lambda dL: tuple(grad * dL for grad in grads.values())

    with jax.enable_x64(True):
        try:
            check_vjp(loss, vjp, tuple(subject.arrays.values()), **settings.given())  # type: ignore[no-untyped-call]
        except AssertionError:
            return False
    return True
