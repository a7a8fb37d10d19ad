"""Clipping is a function of its own, outside the backward pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from handgrad import clip_elementwise, clip_norm
from handgrad.clipping import global_norm

DTYPES = ("float32", "float64", "longdouble")
Clip = Callable[..., dict[str, np.ndarray]]


def _drawn(dtype: str = "float64") -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"W": rng.normal(size=(3, 4)).astype(dtype), "b": 5 * rng.normal(size=3).astype(dtype)}


def _together(grads: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([grad.ravel() for grad in grads.values()])


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_entries_are_held_at_the_limit_and_those_within_stay(dtype: str, in_place: bool) -> None:
    grad = np.array([[-np.inf, -5.5, -5], [-0.1, 0.1, 5], [5.5, np.inf, 0]], dtype)
    (clipped,) = clip_elementwise({"W": grad}, 5, in_place=in_place).values()
    assert clipped.dtype == dtype
    assert clipped.tolist() == np.array([[-5, -5, -5], [-0.1, 0.1, 5], [5, 5, 0]], dtype).tolist()


@pytest.mark.parametrize("limit", [1.0, 1e3])  # below and above what is given
@pytest.mark.parametrize("clip", [clip_elementwise, clip_norm])
def test_the_given_ones_stay_as_they_are(clip: Clip, limit: float) -> None:
    grads, before = _drawn(), _drawn()
    clipped = clip(grads, limit)
    assert list(clipped) == ["W", "b"]
    for name, grad in grads.items():
        np.testing.assert_array_equal(grad, before[name])
        assert not np.shares_memory(clipped[name], grad)  # not even where nothing was to clip


@pytest.mark.parametrize("limit", [1.0, 1e3])
@pytest.mark.parametrize("clip", [clip_elementwise, clip_norm])
def test_in_place_the_given_ones_become_the_same(clip: Clip, limit: float) -> None:
    grads, expected = _drawn(), clip(_drawn(), limit)
    clipped = clip(grads, limit, in_place=True)
    assert list(clipped) == list(expected)
    for name, grad in grads.items():
        assert clipped[name] is grad
        np.testing.assert_array_equal(grad, expected[name])


@pytest.mark.parametrize("clip", [clip_elementwise, clip_norm])
def test_what_is_not_finite_is_not_hidden(clip: Clip) -> None:
    clipped = clip({"W": np.array([np.nan, 9.0]), "b": np.array([1.0])}, 5)
    assert np.isnan(clipped["W"][0])
    assert clipped["b"].tolist() == [1]


def test_an_infinite_norm_scales_nothing_to_zero() -> None:
    assert clip_norm({"W": np.array([np.inf, 9.0])}, 5)["W"].tolist() == [np.inf, 9]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_norm_above_the_limit_becomes_the_limit_and_the_direction_stays(dtype: str) -> None:
    grads = _drawn(dtype)
    clipped = clip_norm(grads, 2)
    one, two = _together(grads), _together(clipped)
    assert {grad.dtype for grad in clipped.values()} == {np.dtype(dtype)}
    tolerance = 4 * float(np.finfo(one.dtype).eps)
    assert math.isclose(np.linalg.norm(two.astype(float)), 2, rel_tol=max(tolerance, 1e-15))
    np.testing.assert_allclose(two, one * (2 / np.sqrt(np.square(one).sum())), rtol=max(tolerance, 1e-15))


def test_a_norm_within_the_limit_changes_nothing() -> None:
    grads = {"W": np.array([[3.0]]), "b": np.array([-4.0])}  # norm 5
    assert _together(clip_norm(grads, 5)).tolist() == [3, -4]
    np.testing.assert_allclose(_together(clip_norm(grads, 4.5)), [2.7, -3.6], rtol=1e-15)


@pytest.mark.parametrize(
    ("scale", "dtype"), [(1e200, "float64"), (1e-200, "float64"), (1e30, "float32"), (1e-30, "float32"), (1, "float32")]
)
def test_the_norm_is_right_where_squares_overflow_or_vanish(scale: float, dtype: str) -> None:
    grads = {"W": np.array([[3.0, 0]], dtype) * np.array(scale, dtype), "b": np.array([-4.0 * scale], dtype)}
    assert math.isclose(global_norm(grads), 5 * scale, rel_tol=1e-6)
    assert math.isclose(global_norm(clip_norm(grads, scale)), scale, rel_tol=1e-6)


@pytest.mark.parametrize("where", ["W", "b"])
def test_the_norm_of_what_is_not_finite_is_not_finite(where: str) -> None:
    assert math.isnan(global_norm(_drawn() | {where: np.array([1, np.nan])}))
    assert global_norm(_drawn() | {where: np.array([1, -np.inf])}) == math.inf


def test_the_norm_of_nothing_is_zero() -> None:
    assert global_norm({}) == global_norm({"W": np.zeros((0, 3))}) == global_norm({"b": np.zeros(2)}) == 0
