"""What a candidate's file gets when it runs on complex numbers: the same names, continued analytically.

These are numpy, scipy.special, math, warnings, and some builtins.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Mapping
from functools import cache, reduce
from types import ModuleType
from typing import Any

import numpy as np

from harness.forward import analytic, creation, methods, rewrite, rough
from harness.forward.analytic import is_complex, lifted, of_constants, on_real, real
from harness.forward.dtypes import Standing, widen, widened
from harness.forward.facade import Facade

#: functions of NumPy whose derivative is zero, or that only ask
_ASK = """
floor ceil trunc fix rint sign signbit heaviside floor_divide nonzero flatnonzero argwhere count_nonzero any all
logical_and logical_or logical_not logical_xor equal not_equal less less_equal greater greater_equal isclose allclose
array_equal array_equiv searchsorted digitize bincount histogram isneginf isposinf isnan isinf isfinite iscomplex isreal
iscomplexobj isrealobj imag argmax argmin argsort array2string array_repr array_str savetxt
"""
#: functions of NumPy that conjugate, take moduli or refuse complex numbers
_CONSTANT = "cov corrcoef nanvar nanstd angle spacing nextafter interp percentile quantile"
_CONSTANT_LINALG = "cholesky cond eig eigh eigvals eigvalsh lstsq matrix_rank pinv qr slogdet svd svdvals"
#: functions of math that NumPy has under the same name, or another
_MATH = "exp expm1 log1p log10 log2 sqrt cbrt sin cos tan tanh sinh cosh hypot fabs isnan isinf isfinite"
_MATH_OTHERWISE = {
    **{"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"},
    **{"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "pow": "power"},
}


def stand_in(module: ModuleType) -> ModuleType:
    """What is given for a top-level module: its stand-in, or itself where it needs none."""
    make = _MODULES.get(module.__name__)
    return module if make is None else make(module)


@cache
def numpy(module: ModuleType = np) -> Facade:
    """NumPy, continued analytically."""
    asked = {name: on_real(getattr(np, name)) for name in _ASK.split() if hasattr(np, name)}
    constant = {name: of_constants(getattr(np, name)) for name in _CONSTANT.split()}
    linear = {
        name: of_constants(getattr(np.linalg, name)) for name in _CONSTANT_LINALG.split() if hasattr(np.linalg, name)
    }
    own = {
        "abs": analytic.absolute,
        "absolute": analytic.absolute,
        "fabs": analytic.absolute,
        "conj": analytic.conjugate,
        "conjugate": analytic.conjugate,
        "real": widen,
        "real_if_close": lambda a, tol=100: np.asanyarray(a),
        "exp": analytic.exp,
        "var": lambda a, *args, **named: methods.METHODS["var"](np.asarray(a), *args, **named),
        "std": lambda a, *args, **named: methods.METHODS["std"](np.asarray(a), *args, **named),
        "round": lambda a, decimals=0, out=None: methods.rounded(np.asarray(a), decimals, out),
        "around": lambda a, decimals=0, out=None: methods.rounded(np.asarray(a), decimals, out),
        "vdot": analytic.vdot,
        "vecdot": analytic.vecdot,
        "correlate": analytic.correlate,
        "hypot": analytic.hypot,
        "arctan2": lifted(np.arctan2, lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)),
        "cbrt": lifted(np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2)),
        "logaddexp": analytic.logaddexp,
        "where": lambda condition, *args, **named: np.where(real(condition), *args, **named),
        "finfo": lambda dtype: np.finfo(getattr(dtype, "kind_itself", dtype)),  # a complex one's is its parts'
        "issubdtype": lambda a, b: np.issubdtype(widened(a), widened(b)),
        "floating": np.inexact,
        "linalg": Facade(np.linalg, linear | {"norm": analytic.norm, "vecdot": analytic.vecdot}),
        "random": creation.random(np.random),
    }
    return Facade(module, asked | constant | dict(creation.makers()) | own)


@cache
def mathematics(module: ModuleType) -> Facade:
    """``math``: of complex numbers as NumPy's stand-in has it, of all others itself."""
    pairs = {name: name for name in _MATH.split()} | _MATH_OTHERWISE
    either = {name: _either(getattr(math, name), getattr(numpy(), there)) for name, there in pairs.items()}
    root = 2 / math.sqrt(math.pi)
    own = {
        "log": _log,
        "fsum": lambda values: _sum(list(values)),
        "prod": _prod,
        "erf": _either(math.erf, lifted(math.erf, lambda x: root * math.exp(-x * x))),
        "erfc": _either(math.erfc, lifted(math.erfc, lambda x: -root * math.exp(-x * x))),
    }
    asked = {name: on_real(getattr(math, name)) for name in ("floor", "ceil", "trunc", "isclose")}
    return Facade(module, either | own | asked)


def _log(x: Any, base: Any = None) -> Any:
    if base is not None:
        return _log(x) / _log(base)
    return np.log(x) if is_complex(x) else math.log(x)


def _sum(values: list[Any]) -> Any:
    return sum(values) if any(map(is_complex, values)) else math.fsum(values)


def _prod(values: Any, *, start: Any = 1) -> Any:
    return reduce(operator.mul, values, start)


def _either(of_reals: Callable[..., Any], of_complex: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(*args: Any) -> Any:
        return of_complex(*args) if any(map(is_complex, args)) else of_reals(*args)

    return chosen


@cache
def scipy(module: ModuleType) -> Facade:
    """SciPy's ``special``; its other parts are themselves. Made for a file that imports SciPy, and only then."""
    import importlib

    special = importlib.import_module(f"{module.__name__}.special")
    own = {
        "expit": analytic.expit,
        "softmax": analytic.softmax,
        "log_softmax": analytic.log_softmax,
        "logsumexp": analytic.logsumexp,
        "log_expit": lambda x: -numpy().logaddexp(0, -x),
        "logit": lambda p: np.log(p) - np.log1p(-p),
        "xlogy": lambda x, y: np.where(real(x) == 0, 0, x * np.log(np.where(real(x) == 0, 1, y)))[()],
        "huber": of_constants(special.huber),
    }
    return Facade(module, {"special": Facade(special, own)})


@cache
def silent(module: ModuleType) -> Facade:
    """``warnings`` whose filters stay as they are, so that no file can hide that an imaginary part was dropped."""
    filters = dict.fromkeys(("filterwarnings", "simplefilter", "resetwarnings"), _left)
    return Facade(module, {**filters, "catch_warnings": _Unchanged})


def _left(*args: Any, **named: Any) -> None: ...


class _Unchanged:
    """``warnings.catch_warnings`` that catches nothing."""

    def __init__(self, *, record: bool = False, **named: Any) -> None:
        self._record = record

    def __enter__(self) -> list[Any] | None:
        return [] if self._record else None

    def __exit__(self, *error: object) -> None: ...


_MODULES: Mapping[str, Callable[[ModuleType], ModuleType]] = {
    "numpy": numpy,
    "math": mathematics,
    "scipy": scipy,
    "warnings": silent,
}


def names() -> dict[str, Any]:
    """The builtins that are replaced, and the functions that rewritten code calls."""
    return {
        rewrite.COMPARED: methods.compared,
        rewrite.METHOD: methods.method,
        rewrite.SHOWN: methods.shown,
        rough.MOVED: rough.moved_if_drawn,
        "abs": lambda x: analytic.absolute(x) if is_complex(x) else abs(x),
        "float": Standing(float, _float, (complex,), complex),
        "int": Standing(int, lambda *args, **named: int(*map(_scalar, args), **named), (), int),
        "round": lambda x, *digits: methods.rounded(x, *digits) if is_complex(x) else round(x, *digits),
        "print": _print,
    }


def _float(*args: Any) -> Any:
    if args and is_complex(args[0]):
        return np.complex128(np.asarray(args[0]).item())
    return float(*args)


def _scalar(value: Any) -> Any:
    return np.asarray(value).item().real if is_complex(value) else value


def _print(*args: Any, **named: Any) -> None:
    if named.get("file") is not None:  # what goes to the screen would go there once for every element
        builtins.print(*map(methods.shown, args), **named)
