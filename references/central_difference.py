"""Central differences in NumPy's longdouble, extrapolated to a step of zero, each with an estimate of its own error.

Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982: quotients (L(+h) − L(−h)) ÷ 2h at several steps,
extrapolated; of all extrapolations, the one with the smallest estimated error (`references.extrapolation`).
Where relu's kink lies within a step, that step's quotient is no derivative and is left out; where it lies within the
smallest, nothing is known, and the estimate is infinite.

For comparison and for teaching: the classical check, as good as it gets.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from references.arithmetic import logsumexp, sigmoid
from references.extrapolation import extrapolated
from references.model import Model
from references.ops import Array
from references.perturbed import (
    PerturbedOps,
    evaluate,
    losses,
    over_elements,
    per_element,
    to_elements,
    unmoved,
)
from references.protocol import Answer

NAME = "central-difference"
SUMMARY = "central differences in longdouble, extrapolated, with an estimate of their own error"
NEEDS = ("numpy",)
EXTRA = ""
WORKER = "numpy"
DEFAULT = False

#: Powers of two, descending: as exact as longdouble allows where the loss is smooth; a sixth would be lost in rounding.
STEPS = tuple(2.0**-k for k in (4, 5, 6, 7, 8))
#: And smaller ones, which are less exact, where the loss is rough or has kinks.
FINE = tuple(2.0**-k for k in (12, 17, 22))
#: Rough is what is estimated to be off by so many times what rounding alone would explain.
_ROUGH = 1000
#: How many times the largest of so many samples of rounding is allowed for.
_FACTOR, _SAMPLES = 8, 16


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


class RealOps(PerturbedOps):
    """The equations' functions in NumPy, and where in a batch relu's kink was crossed."""

    def __init__(self, traced: bool = False) -> None:
        super().__init__(traced)
        self.crossed = np.zeros(
            (1, 1), bool
        )  #: P B: whether a unit is active that is not in the first row, or reversed

    def tanh(self, a: Array) -> Array:
        """The hyperbolic tangent."""
        return np.tanh(a)

    def sigmoid(self, a: Array) -> Array:
        """1 / (1 + e⁻ᵃ)."""
        return sigmoid(a)

    def relu(self, a: Array) -> Array:
        """max(a, 0)."""
        active = a > 0  # P B H
        self.crossed = self.crossed | (active != active[:1]).any(axis=-1)
        return np.where(active, a, 0)

    def softplus(self, a: Array) -> Array:
        """ln(1 + eᵃ)."""
        return np.logaddexp(a, 0)

    def logsumexp(self, a: Array) -> Array:
        """Ln Σ eᵃ."""
        return logsumexp(a)


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients with their estimated errors, and trace in longdouble, whatever the arrays' dtype."""
    ready = model.for_equations(arrays, np.longdouble)
    rows = 1 + 2 * len(STEPS)

    def derive(name: str, which: np.ndarray) -> np.ndarray:
        return np.stack(_derivatives(model, ready, name, which, noise[name]))

    with np.errstate(all="ignore"):  # what underflows is within the noise
        loss, trace = unmoved(model, RealOps(traced=True), ready, rows)
        drawn = _samples(model, ready)
        noise = {name: _noise(model.axes[name], loss, drawn) for name in model.differentiated}
        found = over_elements(model, ready, trace, rows, derive)
        grads = {name: gradient for name, (gradient, _) in found.items()}
        radius = {name: np.nextafter(error.astype(np.float64), np.inf) for name, (_, error) in found.items()}
    return Answer(np.asarray(loss.sum()), grads, trace, model.received(ready, arrays), radius)


def _derivatives(
    model: Model, ready: Mapping[str, np.ndarray], name: str, which: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives along elements ``which`` (E) of an array, and their estimated errors: E B each."""
    steps = np.array(STEPS, np.longdouble)
    scale = _scale(to_elements(model.axes[name], ready[name])[which])  # E 1
    quotients, crossed = _quotients(model, ready, name, which, steps, scale)
    best, error = extrapolated(steps, quotients, crossed, noise / scale)
    rough = (error > _ROUGH * noise / scale / steps[-1]).any(axis=1)
    if rough.any():
        fine = np.array(FINE, np.longdouble)
        finer, crossed_finer = _quotients(model, ready, name, which[rough], fine, scale[rough])
        best[rough], error[rough] = extrapolated(
            np.concatenate([steps, fine]),
            np.concatenate([quotients[:, rough], finer]),
            np.concatenate([crossed[:, rough], crossed_finer]),
            (noise / scale)[rough],
        )
    return best, error


def _scale(elements: np.ndarray) -> np.ndarray:
    """By what steps are multiplied (E 1), a power of two: beside a number beyond 2²⁰ the smallest would get lost."""
    _, exponents = np.frexp(np.abs(elements).max(axis=1, keepdims=True))
    scale: np.ndarray = np.ldexp(np.ones((), elements.dtype), np.maximum(exponents - 20, 0))
    return scale


def _quotients(
    model: Model, ready: Mapping[str, np.ndarray], name: str, which: np.ndarray, steps: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(L(+h) − L(−h)) ÷ 2h for ``steps`` times ``scale``, and whether a kink lies within the step: S E B each."""
    axes, ops = model.axes[name], RealOps()
    scaled = steps[:, np.newaxis, np.newaxis] * scale  # S E 1
    shifts = np.stack([scaled, -scaled])
    moved = np.broadcast_to(which, shifts.shape[:-1]).reshape(-1)
    rows = np.concatenate([which[:1], moved])  # the first one is not moved
    found = losses(model, ops, ready, name, rows, np.concatenate([[[0]], shifts.reshape(-1, 1)]))
    crossed = per_element(axes, np.broadcast_to(ops.crossed, (len(rows), ready["x"].shape[1])))
    above, below = found[1:].reshape(*shifts.shape[:-1], -1)
    on_either_side = crossed[1:].reshape(*shifts.shape[:-1], -1)
    return (above - below) / (2 * scaled), np.any(on_either_side, axis=0)


def _samples(model: Model, ready: Mapping[str, np.ndarray]) -> np.ndarray:
    """Losses (N B) with every input moved by up to a unit in its last place, which draws all later roundings anew."""
    rng, ops = np.random.default_rng(0), RealOps()

    def sample() -> Array:
        units = {
            name: rng.integers(-1, 2, (1, *array.shape)) * np.finfo(array.dtype).eps for name, array in ready.items()
        }
        return evaluate(model, ops, ready, {name: ready[name] * (1 + unit) for name, unit in units.items()}).loss

    return np.concatenate([sample() for _ in range(_SAMPLES)])


def _noise(axes: tuple[str, ...], loss: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """How far rounding may carry a loss: the largest of the samples, and a unit in its last place, with a margin; B."""
    spread = np.abs(per_element(axes, drawn - loss)).max(axis=0)
    noise: np.ndarray = _FACTOR * (spread + np.finfo(loss.dtype).eps * np.abs(per_element(axes, loss)))
    return noise
