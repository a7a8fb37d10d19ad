"""Every equation of every cell by itself: its value and the shares of its arguments, against complex steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.case import from_seed
from harness.diagnosis.adjoints import Adjoints
from harness.diagnosis.small import Small
from references import equations
from references.model import Model

T, B, D, H = 2, 3, 4, 2
STEP = 1e-30
EQUATIONS = [
    (cell, activation, k)
    for cell in equations.cells()
    for activation in equations.cell(cell).ACTIVATIONS
    for k in range(len(equations.cell(cell).EQUATIONS))
]


class Complex:
    """The namespace of the equations for complex arrays: nothing in it takes an absolute value."""

    tanh = staticmethod(np.tanh)

    @staticmethod
    def sigmoid(a: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-a))

    @staticmethod
    def relu(a: np.ndarray) -> np.ndarray:
        return a * (a.real > 0)

    @staticmethod
    def identity(a: np.ndarray) -> np.ndarray:
        return a


def drawn(cell: str, activation: str, k: int) -> tuple[Small, Callable[..., Any], dict[str, np.ndarray], np.ndarray]:
    """An equation, what computes it in complex numbers, values of its arguments, and an adjoint of what it computes."""
    sizes = {"T": T, "B": B, "D": D, "H": H, "K": H}
    small = Adjoints(from_seed(Model(cell, activation, "cotangent", "sum", 2, False), sizes)).smalls[k]
    rng = np.random.default_rng(k)
    A = len(equations.cell(cell).GATES) * H
    shapes = {"W_ih": (A, D), "W_hh": (A, H), "b_ih": (A,), "b_hh": (A,), "x": (T, B, D), "a": (T, B, A)}
    values = {name: rng.normal(size=shapes.get(name, (T, B, H))) for name in small.arguments}
    equation = equations.cell(cell).EQUATIONS[k]
    given = {"ops": Complex, "phi": getattr(Complex, activation)}
    functions = {name: given[name] for name in equations.reads(equation) if name in given}

    def value(**arguments: Any) -> Any:
        return equation(**functions, **arguments)

    return small, value, values, rng.normal(size=(T, B, *small.shape[1:]))


@pytest.mark.parametrize(("cell", "activation", "k"), EQUATIONS)
def test_value_is_the_equations(cell: str, activation: str, k: int) -> None:
    small, value, values, adjoint = drawn(cell, activation, k)
    complexes = {name: array.astype(complex) for name, array in values.items()}
    np.testing.assert_allclose(small.value(values), value(**complexes).real, rtol=1e-14, atol=1e-15)
    assert small.shape == (B, adjoint.shape[-1])


@pytest.mark.parametrize(("cell", "activation", "k"), EQUATIONS)
def test_shares_are_the_derivatives_by_complex_steps(cell: str, activation: str, k: int) -> None:
    small, value, values, adjoint = drawn(cell, activation, k)
    shares = small.at(values)(adjoint)
    assert set(shares) == set(values)
    for name, share in shares.items():
        of_time = values[name].shape[0] == T and name not in ("W_ih", "W_hh", "b_ih", "b_hh")
        wanted = np.empty((T, *values[name].shape[of_time:]))
        for index in np.ndindex(*wanted.shape):
            moved = {other: array.astype(complex) for other, array in values.items()}
            moved[name][index if of_time else index[1:]] += 1j * STEP
            wanted[index] = ((value(**moved).imag / STEP) * adjoint)[index[0]].sum()
        np.testing.assert_allclose(share, wanted, rtol=1e-12, atol=1e-14, err_msg=f"{small.name} by {name}")


@pytest.mark.parametrize(("cell", "activation", "k"), EQUATIONS)
def test_adjoints_may_have_axes_in_front(cell: str, activation: str, k: int) -> None:
    small, _, values, adjoint = drawn(cell, activation, k)
    several = np.random.default_rng(9).normal(size=(5, *adjoint.shape))
    together = small.at(values)(several)
    for n, one in enumerate(several):
        for name, share in small.at(values)(one).items():
            np.testing.assert_allclose(together[name][n], share, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "slope"),
    [("i", lambda own: own * (1 - own)), ("g", lambda own: 1 - own**2)],
)
def test_a_slope_is_taken_at_the_value_that_backward_has(name: str, slope: Callable[[np.ndarray], np.ndarray]) -> None:
    k = [equation.__name__ for equation in equations.cell("lstm").EQUATIONS].index(name)
    small, _, values, adjoint = drawn("lstm", "tanh", k)
    usual = small.at(values)(adjoint)["a"]
    np.testing.assert_allclose(small.at(values, small.value(values))(adjoint)["a"], usual, rtol=1e-12, atol=1e-15)
    other = np.random.default_rng(1).uniform(size=adjoint.shape)
    share = small.at(values, other)(adjoint)["a"]
    block = {"i": slice(0, H), "g": slice(2 * H, 3 * H)}[name]
    np.testing.assert_allclose(share[..., block], adjoint * slope(other), rtol=1e-14)
    assert not np.allclose(share, usual)
    assert not np.delete(share, np.arange(4 * H)[block], axis=-1).any()


def test_equations_that_do_not_end_in_an_activation_have_no_slope_of_their_own() -> None:
    k = [equation.__name__ for equation in equations.cell("lstm").EQUATIONS].index("c_next")
    small, _, values, adjoint = drawn("lstm", "tanh", k)
    other = np.random.default_rng(1).uniform(size=adjoint.shape)
    for name, share in small.at(values, other)(adjoint).items():
        np.testing.assert_array_equal(share, small.at(values)(adjoint)[name])


def mixed(h: Any, c: Any, b_ih: Any) -> Any:
    """With the operations that no cell's equations have so far."""
    return (h - c) * b_ih / 4 - c * c - 1.5


def test_differences_quotients_and_numbers_have_shares_too() -> None:
    small = Small(mixed, "tanh", {"h": (B, H), "c": (B, H), "b_ih": (H,)})
    rng = np.random.default_rng(2)
    h, c, adjoint = rng.normal(size=(3, T, B, H))
    b = rng.normal(size=H)
    np.testing.assert_allclose(small.value({"h": h, "c": c, "b_ih": b}), (h - c) * b / 4 - c * c - 1.5)
    shares = small.at({"h": h, "c": c, "b_ih": b})(adjoint)
    np.testing.assert_allclose(shares["h"], adjoint * b / 4)
    np.testing.assert_allclose(shares["c"], -adjoint * b / 4 - 2 * adjoint * c)
    np.testing.assert_allclose(shares["b_ih"], (adjoint * (h - c) / 4).sum(axis=1))
