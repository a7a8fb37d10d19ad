"""NumPy's functions that take moduli, conjugate, overflow or refuse on complex numbers, continued analytically.

Each gives the real function's value as the real part and its derivative times the imaginary part as the imaginary one.
Where a function has no derivative that is known here, `Lost` is raised: a derivative is never dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.forward.methods import filled


class Lost(TypeError):
    """The imaginary part cannot be carried through this function."""


def is_complex(value: Any) -> bool:
    """Whether a value is, or holds, complex numbers."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind == "c"
    if isinstance(value, list | tuple):
        return any(map(is_complex, value))
    return isinstance(value, complex)


def real(value: Any) -> Any:
    """The real part of a complex value, inside lists and tuples too; every other value as it is."""
    if not is_complex(value):
        return value
    if isinstance(value, list | tuple):
        return type(value)(map(real, value))
    return value.real


def carries(value: Any) -> bool:
    """Whether any imaginary part of the value is not zero."""
    return is_complex(value) and bool(np.any(np.imag(np.asarray(value))))


def joined(value: Any, along: Any) -> Any:
    """The complex numbers of these parts, made without multiplying by i, which spoils infinities."""
    result = np.empty(np.broadcast_shapes(np.shape(value), np.shape(along)), complex)
    result.real, result.imag = value, along
    return result[()]


def on_real(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of real parts: for those whose derivative is zero or that only ask, sort out or print."""

    def of_real_parts(*args: Any, **named: Any) -> Any:
        if is_complex(named.get("out")):
            raise Lost(f"{function.__name__} into a complex array")
        return function(*map(real, args), **{name: real(one) for name, one in named.items()})

    of_real_parts.__name__ = getattr(function, "__name__", "function")
    if isinstance(function, np.ufunc):
        of_real_parts.reduce = on_real(function.reduce)  # type: ignore[attr-defined]
    return of_real_parts


def of_constants(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of real parts, for what has no analytic continuation here: raises `Lost` on what carries one."""
    inner = on_real(function)

    def checked(*args: Any, **named: Any) -> Any:
        if any(map(carries, (*args, *named.values()))):
            raise Lost(f"{inner.__name__} has no complex counterpart here")
        result = inner(*args, **named)
        return result.astype(complex) if isinstance(result, np.ndarray) and result.dtype.kind == "f" else result

    return checked


def lifted(function: Callable[..., Any], *slopes: Callable[..., Any]) -> Callable[..., Any]:
    """A real function with its partial derivatives, as one of complex arguments."""

    def continued(*args: Any, out: Any = None, **named: Any) -> Any:
        at = [real(one) for one in args]
        value = function(*at, **named)
        if any(map(is_complex, args)):
            along = [slope(*at) * np.imag(one) for slope, one in zip(slopes, args, strict=True) if is_complex(one)]
            value = joined(value, sum(along))
        return value if out is None else filled(out, value)

    return continued


def exp(x: Any, *args: Any, **named: Any) -> Any:
    """Where it overflows the imaginary part is zero: what follows, 1/(1 + exp) say, is flat there."""
    result = np.exp(x, *args, **named)
    if is_complex(result):
        over = np.isinf(result.real)
        if over.any():
            calm = joined(result.real, np.where(over, 0, result.imag))
            return filled(result, calm) if isinstance(result, np.ndarray) else np.complex128(calm)
    return result


def absolute(x: Any, out: Any = None) -> Any:
    """−x where its real part is negative."""
    if not is_complex(x):
        return np.abs(x) if out is None else filled(out, np.abs(x))
    value = np.asarray(x)
    result = np.where(value.real < 0, -value, value)
    return filled(out, result) if out is not None else result[()]


def conjugate(x: Any, out: Any = None) -> Any:
    """A real number's conjugate is itself."""
    return np.positive(x) if out is None else filled(out, x)


def vdot(a: Any, b: Any) -> Any:
    """Without the conjugate."""
    return np.dot(np.ravel(a), np.ravel(b))


def vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    """Without the conjugate."""
    return np.sum(np.multiply(a, b), axis=axis)


def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """Without the conjugate."""
    return np.correlate(a, np.conj(v), mode)


def hypot(x: Any, y: Any) -> Any:
    """Scaled by the larger of the two, so that squares do not overflow."""
    if not (is_complex(x) or is_complex(y)):
        return np.hypot(x, y)
    size = np.hypot(np.real(x), np.real(y))
    unit = np.where(size > 0, size, 1)
    return joined(size, (np.real(x) / unit) * np.imag(x) + (np.real(y) / unit) * np.imag(y))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # NumPy's names  # noqa: A002
    """Of vectors, and Frobenius' of matrices; other norms of matrices only of constants."""
    array = np.asarray(x)
    if not is_complex(array) or not carries(array):
        return np.linalg.norm(real(array), ord, axis, keepdims)
    as_vector = axis is not None and not isinstance(axis, tuple | list)
    if axis is None and (ord is None or array.ndim == 1):
        axis, as_vector = tuple(range(array.ndim)), True
    if ord is None or ord == "fro" or (as_vector and ord == 2):
        return np.sqrt(np.sum(array * array, axis=axis, keepdims=keepdims))
    if as_vector and ord == 1:
        return np.sum(absolute(array), axis=axis, keepdims=keepdims)
    if as_vector and ord == np.inf:
        return np.max(absolute(array), axis=axis, keepdims=keepdims)
    raise Lost(f"norm of order {ord}")


def softmax(x: Any, axis: Any = None) -> Any:
    """SciPy's, of complex numbers."""
    shifted = exp(x - np.max(real(np.asarray(x)), axis=axis, keepdims=True))
    return shifted / np.sum(shifted, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """SciPy's, of complex numbers."""
    return x - logsumexp(x, axis=axis, keepdims=True)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
    """SciPy's, of complex numbers; ``b`` weighs."""
    most = np.max(real(np.asarray(a)), axis=axis, keepdims=True)
    most = np.where(np.isfinite(most), most, 0)
    total = np.log(np.sum((1 if b is None else b) * exp(a - most), axis=axis, keepdims=True)) + most
    return total if keepdims else np.squeeze(total, axis=axis)[()]


def expit(x: Any, out: Any = None) -> Any:
    """SciPy's logistic function, each side by the form whose exponential cannot overflow."""
    e = np.exp(-absolute(x))
    result = np.where(np.real(x) >= 0, 1, e)[()] / (1 + e)
    return result if out is None else filled(out, result)


logaddexp = lifted(np.logaddexp, lambda a, b: expit(a - b), lambda a, b: expit(b - a))
logaddexp.reduce = lambda a, axis=0, keepdims=False: logsumexp(a, axis, keepdims=keepdims)  # type: ignore[attr-defined]
