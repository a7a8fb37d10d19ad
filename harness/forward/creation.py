"""NumPy's functions that make arrays, and its random generators: what they make can hold a derivative."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from harness.forward.analytic import Lost, carries, is_complex, real
from harness.forward.dtypes import Standing, widen, widened
from harness.forward.facade import Facade

_MAKERS = """
zeros empty ones full zeros_like empty_like ones_like full_like eye identity tri vander diag diagflat
array asarray asanyarray ascontiguousarray asfortranarray asarray_chkfinite asmatrix bmat require copy
atleast_1d atleast_2d atleast_3d arange linspace logspace geomspace bartlett blackman hamming hanning kaiser
frombuffer fromiter fromfunction fromstring fromfile loadtxt genfromtxt load
stack vstack hstack dstack column_stack concatenate block tile repeat pad meshgrid sum mean prod cumsum nan_to_num
"""
_FLOATS = (np.float16, np.float32, np.float64, np.longdouble)
#: random functions that draw from what they are given, which keeps its derivative
_FROM = {"shuffle", "permutation", "permuted", "choice"}
#: random functions whose draws are counts, with no derivative by the parameters
_COUNTS = {"multinomial", "binomial", "poisson", "geometric", "hypergeometric", "randint", "integers", "seed"}
_GENERATORS = {"RandomState", "default_rng", "Generator"}


def makers() -> Mapping[str, Any]:
    """Replacements in NumPy's own namespace."""
    floats = {kind.__name__: Standing(kind, np.complex128, (np.complex128,), np.complex128) for kind in _FLOATS}
    own = {
        "ndarray": Standing(np.ndarray, _making(np.ndarray)),
        "matrix": Standing(np.matrix, _making(np.matrix)),
        "dtype": Standing(np.dtype, lambda *args, **named: np.dtype(widened(args[0]), *args[1:], **named)),
        "double": floats["float64"],
        "single": floats["float32"],
        "half": floats["float16"],
    }
    return {name: _making(getattr(np, name)) for name in _MAKERS.split() if hasattr(np, name)} | floats | own


def _making(function: Callable[..., Any]) -> Callable[..., Any]:
    def made(*args: Any, **named: Any) -> Any:
        if "dtype" in named:
            named["dtype"] = widened(named["dtype"])
        if len(args) > 1:
            args = (args[0], *map(_dtype, args[1:]))
        dtypes = [one for one in (*args[1:], named.get("dtype")) if isinstance(one, type | np.dtype)]
        if dtypes and np.dtype(dtypes[0]).kind in "iub":
            args = (real(args[0]), *args[1:])
        result = function(*args, **named)
        return widen(result) if not isinstance(result, list | tuple) else type(result)(map(widen, result))

    made.__name__ = function.__name__
    return made


def _dtype(argument: Any) -> Any:
    """A positional argument that is a dtype, widened."""
    return widened(argument) if isinstance(argument, type | np.dtype | Standing | str) else argument


def random(module: ModuleType) -> Facade:
    """``numpy.random``, whose floats are complex."""
    names = [name for name in dir(module) if name.islower() and not name.startswith("_")]
    draws = {name: _drawing(getattr(module, name)) for name in names if callable(getattr(module, name))}
    return Facade(module, draws | {name: _generating(getattr(module, name)) for name in _GENERATORS})


def _drawing(function: Callable[..., Any]) -> Callable[..., Any]:
    name = getattr(function, "__name__", "")

    def drawn(*args: Any, **named: Any) -> Any:
        if name in _FROM:
            args, named = (*args[:1], *map(real, args[1:])), {key: real(one) for key, one in named.items()}
        elif any(map(is_complex, (*args, *named.values()))):
            if name not in _COUNTS and any(map(carries, (*args, *named.values()))):
                raise Lost(f"numpy.random.{name} of what is differentiated")
            args, named = tuple(map(real, args)), {key: real(one) for key, one in named.items()}
        if "dtype" in named:
            named["dtype"] = np.dtype(named["dtype"])
        result = function(*args, **named)
        return np.complex128(result) if type(result) is float else widen(result)

    drawn.__name__ = name
    return drawn


def _generating(kind: Any) -> Any:
    if not isinstance(kind, type):
        return lambda *args, **named: _Generator(kind(*args, **named))
    return Standing(kind, lambda *args, **named: _Generator(kind(*args, **named)), (_Generator,))


class _Generator:
    """A random generator whose floats are complex."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._generator, name)
        return _drawing(found) if callable(found) else found
