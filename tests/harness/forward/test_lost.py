"""Forwards that lose the imaginary part, most of them silently: a derivative by complex step must never come of them.

Each is right as real code. With the checks switched off, the silent ones do come out wrong: the checks are what helps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from own_forward import Differentiate, never_wrong, off, precise

from harness.forward import acceptance, complex_step, elements

#: what h is made into on its way; L = Σ v ⊙ h ⊙ h, h = tanh(W x + b)
SILENT = {
    "getattr": "h = getattr(h, 're' + 'al')",
    "attrgetter": "import operator\nh = operator.attrgetter('real')(h)",
    "the descriptor": "h = type(h).__dict__['re' + 'al'].__get__(h)",
    "through text": "h = np.array([float(f'{one:.17g}') for one in h])",
    "through text by percent": "h = np.array([float('%.17g' % one) for one in h])",
    "through format": "h = np.array([float('{:.17g}'.format(one)) for one in h])",
    "through numbers of whole units": "h = np.array([int(one * 1e17) for one in h]) / 1e17",
    "sorted out by comparisons": "h = np.array([bisected(one) for one in h])",
    "executed text that takes real parts": "exec('h = h.real', {'h': h}, space := {})\nh = space['h']",
    "a view of its bytes": "h = np.frombuffer(h.tobytes(), dtype='V16' if h.itemsize == 16 else 'V8')\n"
    "h = np.array([__import__('struct').unpack('d', bytes(one)[:8])[0] for one in h])",
    "one element only": "h = h.copy()\nh[2] = getattr(h[2], 're' + 'al')",
    "one step of the way only": "h = np.where(np.arange(4) < 2, h, getattr(h, 're' + 'al'))",
    "half of the derivative": "h = (h + getattr(h, 're' + 'al')) / 2",
    "the conjugate by another name": "h = getattr(h, 'con' + 'j')()",
    "the modulus by another name": "h = np.array([one.__abs__() for one in h]) * np.sign(h)",
    "nothing but magnitudes": "h = np.array([getattr(np, 'lin' + 'alg').norm([one]) for one in h]) * np.sign(h)\n"
    "h = getattr(h, 're' + 'al')",
    "a cache by value": "h = np.array([cached(one) for one in h])",
    "try that swallows": "try:\n    h = np.array([__import__('decimal').Decimal(one) for one in h]).astype(float)\n"
    "except Exception:\n    h = getattr(h, 're' + 'al')",
}
#: those that warn or raise
LOUD = {
    "a float of a string": "h = np.array([float(str(one).strip('()').rstrip('j')) for one in h])",
    "json": "import json\nh = np.array(json.loads(json.dumps(h.tolist())))",
    "struct": "import struct\nh = np.array(struct.unpack('4d', struct.pack('4d', *h)))",
    "array.array": "import array\nh = np.array(array.array('d', h))",
    "float by another name": "import builtins\nh = np.array([getattr(builtins, 'flo' + 'at')(one) for one in h])",
    "decimal": "import decimal\nh = np.array([float(decimal.Decimal(float(one))) for one in h])",
    "fractions": "from fractions import Fraction\nh = np.array([float(Fraction(float(one))) for one in h])",
    "sum with a dtype": "h = np.array([np.add.reduce([one], dtype='f8') for one in h])",
    "a buffer of quotients": "g = np.arange(4) / 2\ng[:] = h\nh = g",
    "a buffer of quotients, warnings off": "import warnings\nwarnings.filterwarnings('ignore')\n"
    "g = np.arange(4) / 2\ng[:] = h\nh = g",
    "a buffer of quotients, in a try": "g = np.arange(4) / 2\ntry:\n    g[:] = h\nexcept Exception:\n    pass\nh = g",
    "ctypes": "import ctypes\nc = (ctypes.c_double * 4)(*h)\nh = np.array(list(c))",
    "ctypes, filled": "import ctypes\nc = (ctypes.c_double * 4)()\nfor k in range(4): c[k] = h[k]\n"
    "h = np.array(list(c))",
    "an integer by its own name": "h = h + 0 * np.array([one.__int__() for one in h])",
    "the largest of magnitudes": "h = h * np.linalg.svd(np.outer(h, h))[1][0] / np.sum(h * h)",
    "a method of math": "import math\nh = np.array([math.ldexp(one, 0) for one in h])",
    "a random shift": "h = np.random.RandomState(0).normal(h, 0.0)",
    "complex of a real": "h = np.array([complex(one).real + 0 * one.is_integer() for one in h])",
}
PRELUDE = """
import numpy as np
CACHE = {}
def cached(one):
    key = round(getattr(one, 're' + 'al'), 12)
    return CACHE.setdefault(key, getattr(one, 're' + 'al'))
def bisected(one):
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle < one else (low, middle)
    return (low + high) / 2
def loss_and_grads(params, data):
    v = data["v"]
    a = np.dot(params["W"], data["x"]) + params["b"]
    h = np.tanh(a)
    {body}
    return np.sum(v * h * h), {{}}
"""
#: those whose real code rounds, so that differences see steps
ROUNDS = {"through numbers of whole units", "a cache by value"}


def source(body: str) -> str:
    return PRELUDE.replace("{body}", body.replace("\n", "\n    ")).replace("{{}}", "{}")


def point() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    generator = np.random.default_rng(8)
    params = {"W": generator.normal(size=(4, 3)), "b": generator.normal(size=4)}
    return params, {"v": generator.normal(size=4), "x": generator.normal(size=3)}


def truth(params: dict[str, np.ndarray], data: dict[str, np.ndarray]) -> dict[str, Any]:
    W, x, v = params["W"], data["x"], data["v"]
    h = np.tanh(W @ x + params["b"])
    da = 2 * v * h * (1 - h * h)
    return {"W": np.outer(da, x), "b": da, "v": h * h, "x": W.T @ da}


@pytest.mark.parametrize("name", [*SILENT, *LOUD])
def test_never_wrong(differentiate: Differentiate, name: str) -> None:
    params, data = point()
    derived = differentiate(source((SILENT | LOUD)[name]), params, data)
    never_wrong(derived, truth(params, data))
    assert {derived.method[key] for key in ("W", "b", "x")} == {"differences"}
    assert derived.notes and all(note.startswith("complex step: ") for note in derived.notes)
    if name not in ROUNDS:
        precise(derived, 1e-7)


@pytest.mark.parametrize("name", ["struct", "a buffer of quotients, warnings off", "ctypes", "a method of math"])
def test_a_warning_is_noted_with_its_line(differentiate: Differentiate, name: str) -> None:
    derived = differentiate(source(LOUD[name]), *point())
    assert derived.notes[0].startswith("complex step: ComplexWarning at candidate.py line ")


def accept_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def agreed(*_: object) -> str:
        return ""

    monkeypatch.setattr(acceptance, "disagrees", agreed)
    monkeypatch.setattr(elements, "disagrees", agreed)
    monkeypatch.setattr(acceptance, "_SEEN", np.inf)
    monkeypatch.setattr(acceptance, "_SEEN_COARSE", np.inf)


def wrong(derived: Any, exact: dict[str, Any]) -> list[str]:
    return [name for name in derived.values if (off(derived, exact, name) > 0).any()]


def test_without_comparing_with_differences_they_would_be_wrong(
    differentiate: Differentiate, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_all(monkeypatch)
    params, data = point()
    exact = truth(params, data)
    came_out_wrong = {name for name, body in SILENT.items() if wrong(differentiate(source(body), params, data), exact)}
    assert came_out_wrong == set(SILENT)


def test_without_recording_warnings_they_would_be_wrong(
    differentiate: Differentiate, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_all(monkeypatch)
    monkeypatch.setattr(complex_step, "_recorded", _Nothing)
    params, data = point()
    derived = differentiate(source(LOUD["a buffer of quotients"]), params, data)
    assert wrong(derived, truth(params, data))


class _Nothing:
    def __enter__(self) -> list[object]:
        return []

    def __exit__(self, *error: object) -> None: ...


@pytest.mark.parametrize(
    "body",
    [
        # lost for some elements only, whose derivative is far below the others': a random direction hardly shows it
        "small = getattr(h, 're' + 'al')\nh = np.concatenate([h[:2], 1e-5 * small[2:]])",
        "small = getattr(h, 're' + 'al')\nh = np.concatenate([h[:2], 1e-7 * small[2:]])",
        "small = getattr(h, 're' + 'al')\nh = np.concatenate([h[:2], 1e-9 * small[2:]])",
    ],
)
def test_exact_zeros_beside_larger_derivatives_are_looked_at_again(differentiate: Differentiate, body: str) -> None:
    factor = float(body.split("1e-")[1][0])
    params, data = point()
    scale = np.array([1, 1, 10.0**-factor, 10.0**-factor])
    W, x, v = params["W"], data["x"], data["v"]
    h = np.tanh(W @ x + params["b"])
    da = 2 * v * h * scale**2 * (1 - h * h)
    exact = {"W": np.outer(da, x), "b": da, "v": (scale * h) ** 2, "x": W.T @ da}
    never_wrong(differentiate(source(body), params, data), exact)


def test_zeros_that_are_zeros_stay(differentiate: Differentiate) -> None:
    params, data = point()
    data["x"] = np.array([0.0, 1.0, 0.0])
    derived = differentiate(source("pass"), params, data)
    assert set(derived.method.values()) == {"complex step"}
    assert (derived.values["W"][:, [0, 2]] == 0).all()
    assert (derived.radius["W"] < 1e-13).all()


def test_a_loss_that_differs_from_the_real_one_is_not_believed(differentiate: Differentiate) -> None:
    body = "h = h * (1 + 1e-6 * (h.itemsize == 16))"
    params, data = point()
    derived = differentiate(source(body), params, data)
    never_wrong(derived, truth(params, data))
    assert "its loss is" in derived.notes[0]


@pytest.mark.parametrize("entries", [101, 1001, 10001])
def test_a_lookup_table_has_a_derivative_of_zero_or_none(differentiate: Differentiate, entries: int) -> None:
    body = f"grid = np.linspace(-6, 6, {entries})\nh = np.tanh(grid)[np.searchsorted(grid, a)]"
    params, data = point()
    derived = differentiate(source(body), params, data)
    for name in ("W", "b", "x"):
        known = np.isfinite(derived.radius[name])
        assert (np.abs(derived.values[name][known]) <= derived.radius[name][known]).all()


@pytest.mark.parametrize(
    ("derivative", "value", "error", "agrees"),
    [
        (1.0, 1.0, 1e-10, True),
        (1.0, 1.0 + 9e-10, 1e-10, True),
        (1.0, 1.0 + 2e-9, 1e-10, False),
        (0.0, 1.0, 1e-3, False),
        (0.0, 0.0, np.inf, False),
        (0.0, 0.0, 0.0, True),
    ],
)
def test_agreement(derivative: float, value: float, error: float, agrees: bool) -> None:
    assert (acceptance.disagrees(derivative, acceptance.Estimate(value, error)) == "") == agrees
