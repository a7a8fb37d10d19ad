"""Factors and terms told from values, and rows of a product that are not the right ones."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnosis.patterns_factors import instead
from harness.diagnosis.patterns_products import paired

RNG = np.random.default_rng(8)
SHAPE = (5, 2, 3)
Q = {name: RNG.normal(size=SHAPE) for name in ("dh", "dc", "dc_next", "h_{t-1}")}
Q |= {name: RNG.uniform(0.1, 0.9, SHAPE) for name in ("i", "f", "o", "g")}
dc, dh, dc_next, i, f, g, o = (Q[name] for name in ("dc", "dh", "dc_next", "i", "f", "g", "o"))
DC = dh * o * (1 - g * g) + dc_next

CASES = {
    "it holds dc": (dc, dc * g),
    "it holds −dc": (-dc, dc * g),
    "it lacks the factor (1 − i)": (dc * i, dc * i * (1 - i)),
    "it lacks the factor g": (dc * i, dc * i * g),
    "it has a factor g too many": (dc * g * g, dc * g),
    "it has f in place of g": (dc * f, dc * g),
    "it has dh in place of dc": (dh * g, dc * g),
    "it has (1 − tanh(g)²) in place of (1 − g²)": (dc * (1 - np.tanh(g) ** 2), dc * (1 - g * g)),
    "it has g ⊙ (1 − g) in place of (1 − g²)": (dc * i * g * (1 - g), dc * i * (1 - g * g)),
    "it lacks the term dc_next": (DC - dc_next, DC),
    "it has a term dc too many": (DC + dc, DC),
    "it has the term dc_next with the opposite sign": (DC - 2 * dc_next, DC),
    "it has the term dc in place of dc_next": (DC - dc_next + dc, DC),
    "it lacks the factor o (beside the term dc_next)": (dh * (1 - g * g) + dc_next, DC),
    "it has f of the step before in place of its own": (dc * np.roll(f, 1, 0), dc * f),
    "it has o of the step after in place of its own (beside the term dc_next)": (
        dh * np.roll(o, -1, 0) * (1 - g * g) + dc_next,
        DC,
    ),
    "it has f of the last step in place of its own": (dc * f[-1], dc * f),
}


@pytest.mark.parametrize("name", CASES)
def test_what_stands_in_the_equation_is_named(name: str) -> None:
    wrong, right = CASES[name]
    assert instead(wrong, right, Q) == name


@pytest.mark.parametrize("name", CASES)
def test_what_is_a_little_off_is_not_named(name: str) -> None:
    wrong, right = CASES[name]
    assert instead(wrong + 1e-6 * np.random.default_rng(0).normal(size=SHAPE), right, Q) == ""


def test_braces_in_names_are_names() -> None:
    assert instead(dc * Q["h_{t-1}"], dc * g, Q, "dg") == "dg has h_{t-1} in place of g"


def test_what_is_right_or_unknown_is_not_explained() -> None:
    assert instead(dc, dc, Q) == ""
    assert instead(np.full(SHAPE, np.nan), dc, Q) == ""
    assert instead(dc[:1, 0, :2], 2 * dc[:1, 0, :2], {}) == ""  # two entries: too few


T, B = 6, 3
DA, X, HP, C = (RNG.normal(size=(T, B, n)) for n in (8, 4, 4, 4))

PRODUCTS = {
    "h_{t-1} of the step after, the first at the last in place of h_{t-1}": (DA, np.roll(HP, -1, 0)),
    "h_{t-1} in reversed time in place of h_{t-1}": (DA, HP[::-1]),
    "c_{t-1} in place of h_{t-1}": (DA, C),
    "h_{t-1} of the batch entry before in place of h_{t-1}": (DA, np.roll(HP, 1, 1)),
    "the rows of h_{t-1} with batch entries before steps in place of h_{t-1}": (
        DA,
        HP.swapaxes(0, 1).reshape(T, B, 4),
    ),
    "da of the step before in place of da": (np.concatenate((DA[:1], DA[:-1])), HP),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_rows_that_a_product_takes_are_named(name: str) -> None:
    wrong = np.einsum("tba,tbh->ah", *PRODUCTS[name])
    assert paired(wrong, ("da", DA), ("h_{t-1}", HP), {"c_{t-1}": C, "x": X}) == name
    assert paired(wrong * (1 + 1e-6), ("da", DA), ("h_{t-1}", HP), {"c_{t-1}": C, "x": X}) == ""


def test_one_gates_rows_may_be_others_alone() -> None:
    dc, db = RNG.normal(size=(T, B, 4)), np.ones((T, B, 1))
    rows = np.concatenate((DA[..., :4], dc), axis=-1)
    for right in (("h_{t-1}", HP), ("1", db)):
        wrong = np.einsum("tba,tbh->ah", rows, right[1])
        assert paired(wrong, ("da", DA), right, {"dc": dc}, ("i", "g")) == "dc in place of da_g"
        assert paired(wrong, ("da", DA), right, {}, ("i", "g")) == ""


def test_a_right_product_is_not_explained() -> None:
    assert paired(np.einsum("tba,tbh->ah", DA, HP), ("da", DA), ("h_{t-1}", HP)) == ""
