"""What rounding does to a sound gradient, measured: the equations run in the case's own dtype, with noise.

Each sample is an implementation as sound ones are: reverse mode through the equations at the case's precision, σ' and
tanh' computed from the activated values, elementary functions right to one unit in the last place (of 1 for σ, which
many compute as ½ + ½ tanh), softmax taken from the logarithm of its own sum, other sums taken one term after the other
(the loss; parameter gradients over steps and batch entries), and every input moved by up to one unit in its last place,
which draws all later roundings anew. The spread of such samples around the truth is the error that rounding explains:
conditioning, cancellation and saturation included.

This is Monte Carlo arithmetic (Parker, "Monte Carlo Arithmetic", 1997) at the inputs, at the elementary functions, and
at the sums over time and batch, whose order is an implementation's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from references.extended import NumpyOps, differentiate
from references.model import Model
from references.ops import Array
from references.protocol import Answer


class _NoisyOps(NumpyOps):
    """`NumpyOps` with σ and tanh one unit off at random, and their derivatives from the activated values."""

    def __init__(self, dtype: Any, batch: int, rng: np.random.Generator) -> None:
        super().__init__()
        self._ulp, self._rng = np.finfo(dtype).eps, rng
        self._passed: dict[str, Array] = {}
        self._pass = self._summed(batch)
        exact_tanh, exact_sigmoid = np.tanh, super().sigmoid
        self._logsumexp = self._softmax_from(super().logsumexp)
        self.sum = _sum_one_by_one()
        self.tanh = self._noisy(lambda a: exact_tanh(a) * (1 + self._noise(a)), lambda p: 1 - p * p)
        self._sigmoid = self._noisy(lambda a: exact_sigmoid(a) + self._noise(a), lambda p: p * (1 - p))

    def sigmoid(self, a: Array) -> Array:
        """σ(a) with noise."""
        return self._sigmoid(a)

    def parameter(self, name: str, array: Array) -> Array:
        """The parameter, handed on from step to step, so that its adjoint is summed from the last step back."""
        self._passed[name] = self._pass(self._passed.get(name, array))
        return self._passed[name]

    def _summed(self, batch: int) -> Callable[[Array], Array]:
        """The identity. What flows back is a partial sum, rounded ``batch`` times if entries are added one by one."""
        from autograd.extend import defvjp, primitive

        function = primitive(lambda array: 1 * array)
        defvjp(function, lambda ans, array: lambda partial: partial * (1 + np.sqrt(batch) * self._noise(partial)))
        return function  # type: ignore[no-any-return]

    def logsumexp(self, a: Array) -> Array:
        """The logarithm of the sum of exponentials, with noise."""
        return self._logsumexp(a)

    def _softmax_from(self, value: Callable[[Array], Array]) -> Callable[[Array], Array]:
        """Its derivative as exp(a − ln Σ eᵃ), which loses more for large a than a softmax that is shifted first."""
        from autograd.extend import defvjp, primitive

        function = primitive(lambda a: value(a) * (1 + self._noise(a[..., :1])))
        defvjp(function, lambda ans, a: lambda adjoint: adjoint * np.exp(a - ans))
        return function  # type: ignore[no-any-return]

    def _noise(self, a: np.ndarray) -> Array:
        return (self._rng.integers(-1, 2, a.shape, np.int8) * (self._ulp / 2)).astype(a.dtype)

    @staticmethod
    def _noisy(value: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Callable[[Array], Array]:
        from autograd.extend import defvjp, primitive

        function = primitive(value)
        defvjp(function, lambda p, a: lambda dp: dp * slope(p))
        return function  # type: ignore[no-any-return]


def _sum_one_by_one() -> Callable[[Array], Array]:
    """The sum of all entries as a plain loop takes it."""
    from autograd.extend import defvjp, primitive

    function = primitive(lambda array: np.cumsum(array)[-1])
    defvjp(function, lambda ans, array: lambda total: np.broadcast_to(total, array.shape))
    return function  # type: ignore[no-any-return]


def samples(model: Model, arrays: Mapping[str, np.ndarray], count: int, seed: int = 0) -> list[Answer]:
    """``count`` noisy gradients at the dtype of ``arrays``; the same every time."""
    rng = np.random.default_rng(seed)
    dtype, B = arrays["x"].dtype, arrays["x"].shape[1]
    constant = {name for name, array in arrays.items() if array.dtype.kind == "i"}

    def moved(name: str, array: np.ndarray) -> Array:
        if name in constant:
            return array
        return array * (1 + rng.integers(-1, 2, array.shape) * np.finfo(dtype).eps).astype(dtype)

    ready = model.for_equations(arrays)
    with np.errstate(all="ignore"):  # what overflows here overflows in any implementation of this dtype
        return [
            differentiate(model, {name: moved(name, array) for name, array in ready.items()}, _NoisyOps(dtype, B, rng))
            for _ in range(count)
        ]
