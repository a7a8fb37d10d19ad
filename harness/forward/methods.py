"""What rewritten code calls in place of comparisons, formatting, and methods of arrays that are not analytic.

A complex number here is a real one that carries its derivative along as a tiny imaginary part. Whatever asks for
the number itself, to branch or to print, gets the real part; whatever computes on keeps both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from harness.forward.dtypes import widened

_COMPLEX = np.dtype(np.complex128)


def compared(value: Any) -> Any:
    """What a comparison sees: the real part of a complex value, every other value as it is."""
    kind = type(value)
    if kind is np.complex128 or kind is complex or (isinstance(value, np.ndarray) and value.dtype.kind == "c"):
        return value.real
    return value


def shown(value: Any) -> Any:
    """What is put into text: real parts, inside tuples and dicts too."""
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map(shown, value))
    if type(value) is dict:
        return {key: shown(one) for key, one in value.items()}
    if isinstance(value, np.complex128):
        return np.float64(value.real)
    return compared(value)


def method(value: Any, name: str) -> Any:
    """``value.name``, and for complex arrays and numbers what stands in for it."""
    if isinstance(value, np.ndarray | np.complex128) and value.dtype == _COMPLEX and name in METHODS:
        found = METHODS[name]
        return found(value) if name in ("real", "imag") else partial(found, value)
    if name == "format" and isinstance(value, str):
        return partial(_formatted, value)
    if name == "astype" and isinstance(value, np.ndarray | np.generic):
        return partial(_astype, value)
    return getattr(value, name)


def _formatted(text: str, *args: Any, **named: Any) -> str:
    return text.format(*map(shown, args), **shown(named))


def _astype(value: Any, dtype: Any, *args: Any, **named: Any) -> Any:
    dtype = np.dtype(widened(dtype))
    if dtype.kind in "iub" and value.dtype.kind == "c":  # these have no derivative
        value = value.real
    return value.astype(dtype, *args, **named)


def _real(value: Any) -> Any:
    return value


def _imag(value: Any) -> Any:
    return np.zeros_like(value.real)


def _conj(value: Any, out: Any = None) -> Any:
    if out is None:
        return value.copy()
    out[...] = value
    return out


def _var(value: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, **named: Any) -> Any:
    return variance(value, axis, ddof, out, **named)


def _std(value: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, **named: Any) -> Any:
    result = np.sqrt(variance(value, axis, ddof, **named))
    return result if out is None else filled(out, result)


def variance(value: Any, axis: Any = None, ddof: float = 0, out: Any = None, keepdims: bool = False) -> Any:
    """The mean squared deviation, where NumPy takes the modulus of complex deviations."""
    away = value - np.mean(value, axis=axis, keepdims=True)
    count = away.size / max(np.mean(away, axis=axis).size, 1)
    result = np.sum(away * away, axis=axis, keepdims=keepdims) / (count - ddof)
    return result if out is None else filled(out, result)


def filled(out: Any, result: Any) -> Any:
    """``out`` (or the first of a tuple of them), holding the result."""
    out = out[0] if isinstance(out, tuple) else out
    out[...] = result
    return out


def rounded(value: Any, decimals: int = 0, out: Any = None) -> Any:
    """To so many decimals. The derivative is carried through where decimals are kept, and zero at whole numbers."""
    result = np.round(value.real, decimals) + (value - value.real if decimals > 0 else 0j)
    return result if out is None else filled(out, result)


def _item(value: Any, *index: Any) -> np.complex128:
    return np.complex128(value.item(*index))


def _tolist(value: Any) -> Any:
    if value.ndim == 0:
        return np.complex128(value)
    return list(value) if value.ndim == 1 else [_tolist(one) for one in value]


#: methods and attributes of arrays and their numbers, by name
METHODS: Mapping[str, Callable[..., Any]] = {
    "real": _real,
    "imag": _imag,
    "conj": _conj,
    "conjugate": _conj,
    "astype": _astype,
    "var": _var,
    "std": _std,
    "round": rounded,
    "item": _item,
    "tolist": _tolist,
}
#: what is rewritten wherever it stands, for nobody knows of what it is a method
REWRITTEN = frozenset((*METHODS, "format"))
