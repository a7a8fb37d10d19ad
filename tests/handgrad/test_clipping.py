"""Clipping is a function of its own, outside the backward pass."""

from __future__ import annotations

import numpy as np
import pytest

from handgrad import clip_elementwise


@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
def test_entries_are_held_at_the_limit_and_those_within_stay(dtype: str) -> None:
    grad = np.array([[-np.inf, -5.5, -5], [-0.1, 0.1, 5], [5.5, np.inf, 0]], dtype)
    (clipped,) = clip_elementwise({"W": grad}, 5).values()
    assert clipped.dtype == dtype
    assert clipped.tolist() == np.array([[-5, -5, -5], [-0.1, 0.1, 5], [5, 5, 0]], dtype).tolist()


def test_the_given_ones_stay_as_they_are() -> None:
    grads = {"W": np.array([7.0, 1.0]), "b": np.array([1.0])}
    clipped = clip_elementwise(grads, 5)
    assert grads["W"].tolist() == [7, 1]
    assert list(clipped) == ["W", "b"]
    assert not np.shares_memory(clipped["b"], grads["b"])  # not even where nothing was to clip


def test_a_nan_is_not_hidden() -> None:
    assert np.isnan(clip_elementwise({"W": np.array([np.nan])}, 5)["W"]).all()
