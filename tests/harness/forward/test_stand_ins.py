"""The stand-ins one by one: real parts are NumPy's own values, imaginary parts derivatives, and none is dropped."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.forward import stand_ins
from harness.forward.analytic import Lost

np_ = stand_ins.numpy()
math_ = stand_ins.stand_in(math)
H = 2.0**-100

X = np.array([[0.7, -1.3, 0.4], [2.1, -0.2, 1.6]])

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "abs": lambda m, x: m.abs(x),
    "fabs": lambda m, x: m.fabs(x),
    "sign": lambda m, x: m.sign(x),
    "heaviside": lambda m, x: m.heaviside(x, 0.5),
    "floor": lambda m, x: m.floor(x),
    "exp": lambda m, x: m.exp(x),
    "exp that overflows": lambda m, x: 1 / (1 + m.exp(1000 * x)),
    "conj": lambda m, x: m.conjugate(x),
    "real": lambda m, x: m.real(x),
    "var": lambda m, x: m.var(x),
    "var along an axis": lambda m, x: m.var(x, axis=1, keepdims=True),
    "var, corrected": lambda m, x: m.var(x, axis=(0, 1), ddof=1),
    "std": lambda m, x: m.std(x, 0),
    "round": lambda m, x: m.round(x),
    "vdot": lambda m, x: m.vdot(x, x * x),
    "vecdot": lambda m, x: m.vecdot(x, x, axis=0),
    "correlate": lambda m, x: m.correlate(x[0], x[1], "full"),
    "hypot": lambda m, x: m.hypot(x, x * x),
    "hypot with a number": lambda m, x: m.hypot(x, 3.0),
    "arctan2": lambda m, x: m.arctan2(x, x - 3),
    "cbrt": lambda m, x: m.cbrt(x),
    "logaddexp": lambda m, x: m.logaddexp(x, 2 * x - 1),
    "logaddexp of zero": lambda m, x: m.logaddexp(0, x),
    "logaddexp, reduced": lambda m, x: m.logaddexp.reduce(x, axis=1),
    "norm": lambda m, x: m.linalg.norm(x),
    "norm by rows": lambda m, x: m.linalg.norm(x, axis=1, keepdims=True),
    "norm of Frobenius": lambda m, x: m.linalg.norm(x, "fro"),
    "norm of one": lambda m, x: m.linalg.norm(x, 1, axis=0),
    "norm of infinity": lambda m, x: m.linalg.norm(x[0], np.inf),
    "norm of two": lambda m, x: m.linalg.norm(x, ord=2, axis=1),
    "where": lambda m, x: m.where(x > 0, x, 2 * x),
    "sum, mean, prod, cumsum": lambda m, x: m.sum(x) + m.mean(x, axis=0) + m.prod(x) + m.cumsum(x)[:3],
    "stacked": lambda m, x: m.vstack([x[0], m.array([1.0, 2.0, 3.0])]),
    "maximum and clip": lambda m, x: m.maximum(x, 0) + m.clip(x, -1, 1),
    "sorted and largest": lambda m, x: m.sort(x, axis=1) * m.max(x) + m.min(x, axis=0),
    "einsum, dot, outer": lambda m, x: m.einsum("ij,kj->ik", x, x) + m.dot(x, x.T) + m.outer(x[:, 0], x[:, 1]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_derivative(name: str) -> None:
    function = FUNCTIONS[name]
    along = np.array([[1.0, -0.5, 0.3], [0.2, 0.9, -1.1]])
    with np.errstate(over="ignore"):
        found = np.asarray(function(np_, X + 1j * H * along))
        assert found.real == pytest.approx(np.asarray(function(np, X)), rel=1e-14, abs=1e-15)
        assert found.shape == np.shape(function(np, X))
        up, down = (np.asarray(function(np, X + t * along)) for t in (1e-5, -1e-5))
    assert found.imag / H == pytest.approx((up - down) / 2e-5, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(
    ("of_complex", "of_reals", "x"),
    [
        *(
            (getattr(math_, name), getattr(math, name), 0.3)
            for name in ("exp", "tanh", "sin", "atan", "erf", "erfc", "expm1")
        ),
        (math_.log, math.log, 0.3),
        (lambda x: math_.log(x, 2), lambda x: math.log(x, 2), 0.3),
        (math_.fabs, math.fabs, -0.3),
        (lambda x: math_.pow(x, 3), lambda x: math.pow(x, 3), 0.3),
        (lambda x: math_.atan2(x, 0.4), lambda x: math.atan2(x, 0.4), 0.3),
        (lambda x: math_.hypot(x, 0.4), lambda x: math.hypot(x, 0.4), 0.3),
        (lambda x: math_.fsum([x, 0.1, x * x]), lambda x: math.fsum([x, 0.1, x * x]), 0.3),
        (lambda x: math_.prod([x, x], start=3), lambda x: math.prod([x, x], start=3), 0.3),
    ],
)
def test_math(of_complex: Callable[[Any], Any], of_reals: Callable[[float], float], x: float) -> None:
    found = of_complex(np.complex128(x + 1j * H))
    assert found.real == pytest.approx(of_reals(x), rel=1e-14)
    assert found.imag / H == pytest.approx((of_reals(x + 1e-5) - of_reals(x - 1e-5)) / 2e-5, rel=1e-7)
    assert of_complex(x) == of_reals(x)  # of numbers that are not complex it is math's own


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np_.linalg.norm(x, 2),
        lambda x: np_.linalg.svd(x),
        lambda x: np_.linalg.pinv(x),
        lambda x: np_.cov(x),
        lambda x: np_.interp(x, [0, 1], [0, 1]),
        lambda x: np_.percentile(x, 30),
        lambda x: np_.random.normal(x),
        lambda x: np_.random.default_rng(0).normal(x),
        lambda x: np_.floor(x, out=np.zeros((2, 3), complex)),
    ],
)
def test_what_cannot_carry_a_derivative_says_so(call: Callable[[Any], Any]) -> None:
    with pytest.raises(Lost):
        call(X + 1j * H)


def test_what_cannot_carry_a_derivative_still_serves_constants() -> None:
    constant = X + 0j
    assert np_.linalg.norm(constant, 2) == np.linalg.norm(X, 2)
    assert np_.linalg.svd(constant)[1] == pytest.approx(np.linalg.svd(X)[1])
    assert np_.percentile(constant, 30) == np.percentile(X, 30)
    assert np_.linalg.pinv(constant).dtype == np.complex128


@pytest.mark.parametrize(
    "make",
    [
        lambda: np_.zeros(3),
        lambda: np_.zeros((3,), float),
        lambda: np_.zeros(3, dtype="float32"),
        lambda: np_.empty(3, np_.float32),
        lambda: np_.ones_like([1.0, 2.0]),
        lambda: np_.zeros_like(np.arange(3), dtype=np_.float64),
        lambda: np_.full(3, 0.5),
        lambda: np_.array([0.5, 1]),
        lambda: np_.asarray([1, 2], "d"),
        lambda: np_.arange(0.0, 1.0, 0.25),
        lambda: np_.linspace(0, 1, 3),
        lambda: np_.eye(2),
        lambda: np_.ndarray((2, 2)),
        lambda: np_.random.rand(2),
        lambda: np_.random.RandomState(0).uniform(size=2),
        lambda: np_.random.default_rng(0).standard_normal(2),
        lambda: np_.random.standard_normal(),
        lambda: np_.float32(1.5),
        lambda: np_.dtype("f4").type(1.5),
    ],
)
def test_what_is_made_can_hold_a_derivative(make: Callable[[], Any]) -> None:
    assert make().dtype == np.complex128


@pytest.mark.parametrize(
    "make",
    [
        lambda: np_.arange(3),
        lambda: np_.zeros(3, int),
        lambda: np_.zeros(3, dtype=bool),
        lambda: np_.array([1, 2]),
        lambda: np_.array(X + 1j * H, dtype=int),
        lambda: np_.random.randint(0, 5, 3),
        lambda: np_.random.permutation(5),
        lambda: np_.argmax(X + 1j * H, axis=0),
        lambda: np_.isnan(X + 1j * H),
    ],
)
def test_what_counts_stays_what_it_is(make: Callable[[], Any]) -> None:
    assert make().dtype.kind in "ib"


def test_shuffling_moves_the_array_itself() -> None:
    array = np.arange(6.0) + 1j * H * np.arange(6)
    np_.random.RandomState(0).shuffle(array)
    assert sorted(array.real) == [*range(6)]
    assert (array.imag / H == array.real).all()


def test_text_is_of_real_parts_and_only_files_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    names = stand_ins.names()
    file = io.StringIO()
    names["print"]("to the screen")
    names["print"](np.complex128(1.5 + 1j * H), "x", file=file, sep="|")
    assert capsys.readouterr().out == ""
    assert file.getvalue() == "1.5|x\n"


def test_out_and_where_are_obeyed() -> None:
    x, out = X + 1j * H, np.zeros((2, 3), complex)
    assert np_.exp(x, out=out) is out and out.imag == pytest.approx(H * np.exp(X))
    assert np_.abs(x, out=out) is out and out.imag == pytest.approx(H * np.sign(X))
    logs = np_.log(x, out=np.zeros((2, 3), complex), where=X > 0)
    assert (logs[X < 0] == 0).all() and logs[X > 0].imag == pytest.approx(H / X[X > 0])
