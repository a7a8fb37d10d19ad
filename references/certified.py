"""Ball arithmetic: reverse mode through the equations with every rounding enclosed, so that the error is proven.

A ball is a midpoint and a radius; every operation's ball contains every result of every point of its arguments' balls
(Johansson, "Arb: Efficient Arbitrary-Precision Midpoint-Radius Interval Arithmetic", 2017). What comes out contains the
exact gradient of the equations at the case's bytes. Precision is doubled until all radii are small.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from references import patience
from references.arithmetic import Floats, Function
from references.graph import record
from references.model import Model
from references.ops import Array
from references.patience import duration
from references.protocol import Answer, Unavailable
from references.reverse import Reverse

NAME = "certified"
SUMMARY = "ball arithmetic (python-flint), reverse mode through the equations: the error is proven"
NEEDS = ("flint",)
EXTRA = "certified"
WORKER = "flint"
DEFAULT = False

#: Radii are at most this part of the largest entry of their array, and of 1 where that is larger.
RADIUS = 1e-26
_BITS = 128  # to begin with
_MOST_BITS = 8192


def unsupported(model: Model) -> str:
    """It has every model."""
    return ""


class _Balls(Floats):
    """Arrays of balls."""

    def __init__(self) -> None:
        self.functions = {
            "sigmoid": Function(_each(_sigmoid), lambda p, a: p * _each(_sigmoid)(-a)),
            "tanh": Function(_each(lambda a: a.tanh()), _each(lambda p, a: 1 - p * p)),
            "relu": Function(_each(_relu), lambda p, a: _each(_step)(a)),
            "softplus": Function(_each(_softplus), lambda p, a: _each(_sigmoid)(a)),
            "logsumexp": Function(_logsumexp, lambda p, a: np.exp(a - p)),
        }

    def matmul(self, a: Array, b: Array) -> Array:
        """Matrix products in flint, a tenth of the time that NumPy takes for objects."""
        from flint import arb_mat

        product = arb_mat(a.reshape(-1, a.shape[-1]).tolist()) * arb_mat(b.tolist())
        return _filled(product.entries(), (*a.shape[:-1], b.shape[-1]))


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    """For every entry of arrays."""
    each: Callable[..., Any] = np.frompyfunc(function, function.__code__.co_argcount, 1)
    return each


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + (-a).exp())


def _relu(a: Any) -> Any:
    return a.max(0)


def _step(a: Any) -> Any:
    """The slope of relu: 0 at 0; of a ball that may be on either side, both."""
    from flint import arb

    if a > 0:
        return arb(1)
    return arb(0) if a <= 0 else arb(0.5, 0.5)


def _softplus(a: Any) -> Any:
    return a.max(0) + (-abs(a)).exp().log1p()


def _logsumexp(a: Array) -> Array:
    return np.log(np.exp(a).sum(axis=-1, keepdims=True))  # balls have no largest exponent to speak of


def _filled(entries: list[Any], shape: tuple[int, ...]) -> Array:
    array = np.empty(len(entries), object)
    array[:] = entries
    return array.reshape(shape)


def _balls(array: np.ndarray) -> Array:
    from flint import arb

    return _filled([arb(value) for value in array.astype(float).ravel().tolist()], array.shape)


def gradients(model: Model, arrays: Mapping[str, np.ndarray], device: str = "cpu") -> Answer:
    """Loss, gradients and trace in longdouble, each gradient with a proven radius around it.

    Raises Unavailable where not even one batch entry can be done in time, or no precision makes the radii small.
    """
    ready = model.for_equations(arrays)
    received = model.received(ready, arrays)
    T, B = ready["x"].shape[:2]
    seconds = _seconds(model, ready)
    if seconds <= patience.LIMIT:
        return _answer(model, small_enough(model, ready), 1, received)
    count = int(B * patience.LIMIT / seconds)
    if count == 0:
        raise Unavailable(f"would take about {duration(seconds)}, {duration(seconds / B)} for a single batch entry")
    # Batch entries know nothing of each other, but the reduction may divide by their number.
    ratio = Fraction(model.divisor(T, count), model.divisor(T, B))
    answer = _answer(model, small_enough(model, _part(model, ready, T, count)), ratio, received)
    return _sample(model, answer, arrays, count, seconds)


def small_enough(model: Model, ready: Mapping[str, np.ndarray]) -> Reverse:
    """Everything as balls, at the first precision at which every radius is small enough."""
    bits = _BITS
    while True:
        done = enclosed(model, ready, bits)
        worst = max(_relative_radius(done.gradient(name)) for name in model.differentiated)
        if worst <= RADIUS:
            return done
        if bits == _MOST_BITS:
            raise Unavailable(f"radii are still {worst:.1g} at {bits} bits of precision: the case is chaotic")
        bits *= 2


def enclosed(model: Model, ready: Mapping[str, np.ndarray], bits: int) -> Reverse:
    """Everything as balls at a precision of ``bits``."""
    from flint import ctx

    graph = record(model, {name: array.shape for name, array in ready.items()})
    ctx.prec = bits
    return Reverse(graph, {name: _balls(array) for name, array in ready.items()}, _Balls())


def _relative_radius(balls: Array) -> float:
    largest: float = max(abs(float(ball.mid())) for ball in balls.flat)
    widest: float = max(float(ball.rad()) for ball in balls.flat)
    return widest / largest if largest > 1 else widest


def _seconds(model: Model, ready: Mapping[str, np.ndarray]) -> float:
    """About how long all of a case takes, from two steps of two batch entries."""
    T, B = ready["x"].shape[:2]
    part = _part(model, ready, min(T, 2), min(B, 2))
    started = time.perf_counter()
    enclosed(model, part, _BITS)
    return float((time.perf_counter() - started) * T * B / (min(T, 2) * min(B, 2)))


def _part(model: Model, ready: Mapping[str, np.ndarray], T: int, B: int) -> dict[str, np.ndarray]:
    """The first steps of the first batch entries."""
    cut = {"T": slice(T), "B": slice(B)}
    return {
        name: array[tuple(cut.get(axis, slice(None)) for axis in model.axes[name])] for name, array in ready.items()
    }


def _answer(model: Model, done: Reverse, ratio: Fraction | int, received: str) -> Answer:
    """The midpoints, times ``ratio``, rounded to longdouble; the radii allow for that rounding."""
    from flint import arb, fmpq

    factor = arb(fmpq(Fraction(ratio).numerator, Fraction(ratio).denominator))
    grads, radius = {}, {}
    for name in model.differentiated:
        grads[name], radius[name] = _rounded(done.gradient(name) * factor)
    trace = {name: _rounded(done.quantity(name))[0] for name in done.quantities}
    loss = _rounded(done.loss * factor)[0]
    return Answer(loss, grads, trace, received, radius, proven=True)


def _rounded(balls: Array) -> tuple[np.ndarray, np.ndarray]:
    """The longdouble next to each midpoint, as two floats added up, and a radius that encloses the ball around it."""
    from flint import arb

    balls = np.asarray(balls, object)
    flat = balls.ravel().tolist()
    high = [float(ball.mid()) for ball in flat]
    low = [float((ball - arb(value)).mid()) for ball, value in zip(flat, high, strict=True)]
    value = np.asarray(high, np.longdouble) + np.asarray(low, np.longdouble)
    # Twice the spacing is more than both roundings, that of the low part and that of the sum.
    radius = [float(ball.rad()) for ball in flat] + 2 * np.spacing(np.abs(value)).astype(float)
    return value.reshape(balls.shape), np.nextafter(radius, np.inf).reshape(balls.shape)


def _sample(model: Model, answer: Answer, arrays: Mapping[str, np.ndarray], count: int, seconds: float) -> Answer:
    """What is known of all batch entries from the first ``count``: the gradients of what each entry has for itself."""
    grads, radius = {}, {}
    for name in model.differentiated:
        if "B" in model.axes[name]:
            known = tuple(slice(count) if axis == "B" else slice(None) for axis in model.axes[name])
            grads[name] = np.zeros(arrays[name].shape, np.longdouble)
            radius[name] = np.full(arrays[name].shape, np.inf)
            grads[name][known], radius[name][known] = answer.grads[name], answer.radius[name]
    B, size = arrays["x"].shape[1], sum(arrays[name].size for name in model.differentiated)
    done = sum(int(np.isfinite(bound).sum()) for bound in radius.values())
    note = (
        f"a sample, {done / size:.2g} of all elements: {', '.join(grads)} of the first {count} of {B} batch entries; "
        f"all of it would take about {duration(seconds)}"
    )
    return answer._replace(grads=grads, radius=radius, trace={}, note=note)
