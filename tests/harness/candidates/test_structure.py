"""Params and data cross between processes as they are: structure, types and bytes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from harness.candidates.structure import as_array, copied, decode, encode, like, same

VALUES: list[Any] = [
    None,
    True,
    3,
    -0.0,
    0.1,
    float("inf"),
    "ü",
    2**70,
    1 + 2j,
    np.arange(6.0).reshape(2, 3).T,
    np.array(1.5, np.float32),
    np.arange(3, dtype=np.int16),
    np.array([True, False]),
    np.zeros((0, 2)),
    np.ones(2, np.longdouble) / 3,
    np.float64(0.1),
    np.float32(0.1),
    np.int64(3),
    np.ones((2, 2)).view(np.matrix),
    [np.ones(2), None, "a"],
    (1, (2.0, [3])),
    {"a": np.ones(2), 3: {"b": ()}, -1: None, (1, 2): "pair"},
    {"array": "0", "tuple": [1]},
    [],
    {},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_crosses_as_it_is(value: Any) -> None:
    arrays: dict[str, np.ndarray] = {}
    skeleton = json.loads(json.dumps(encode(value, arrays)))
    back = decode(skeleton, arrays)
    assert type(back) is type(value)
    assert same(value, back)


def test_keys_lose_numpy_only() -> None:
    back = decode(encode({np.int64(3): 1, np.float64(0.5): 2}, {}), {})
    assert back == {3: 1, 0.5: 2}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "got a set, allowed: arrays, numbers, text, None, and lists, tuples and dicts of them"),
        ([object()], "got a object, allowed"),
        (np.array([object()]), "got an array of dtype object, allowed: float, integer and bool"),
        (np.array([1j]), "got an array of dtype complex128, allowed"),
        (np.array(["a"]), "got an array of dtype <U1, allowed"),
    ],
)
def test_values_that_do_not_cross(value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        encode(value, {})


def test_copies_share_nothing() -> None:
    value = {"a": [np.ones(2)], "b": (np.ones(2),)}
    copy = copied(value)
    assert same(value, copy)
    copy["a"][0][:] = 0
    copy["b"][0][:] = 0
    assert value["a"][0].all() and value["b"][0].all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros(2), np.array([0.0, -0.0])),
        (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros(2), np.zeros((2, 1))),
        (np.zeros(1), 0.0),
        (np.zeros(2), None),
        ([np.zeros(2)], [np.zeros(2), np.zeros(2)]),
        ([1], (1,)),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": np.zeros(2)}, {"a": np.ones(2)}),
        (1, 1.0),
        (np.array([np.nan]), np.array([-np.nan])),
    ],
)
def test_what_is_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other) and not same(other, one)


def test_not_a_number_is_the_same_as_itself() -> None:
    assert same(float("nan"), float("nan")) and same(np.array([np.nan]), np.array([np.nan]))


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (np.ones((2, 3)), (2, 3)),
        (1.5, ()),
        ([np.ones((3, 1))] * 4, (4, 3, 1)),
        ((1.0, 2.0), (2,)),
        ([[1.0, 2.0], [3.0, 4.0]], (2, 2)),
        (np.ones((2, 2)).view(np.matrix), (2, 2)),
    ],
)
def test_the_floats_of_a_value(value: Any, shape: tuple[int, ...]) -> None:
    array = as_array(value)
    assert array is not None and array.shape == shape
    doubled = like(value, array * 2)
    assert isinstance(doubled, type(value))
    np.testing.assert_array_equal(as_array(doubled), array * 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 3, True, "a", np.arange(3), [], [None, np.ones(2)], [np.ones(2), np.ones(3)],
                                   {"a": np.ones(2)}], ids=repr)  # fmt: skip
def test_values_without_floats(value: Any) -> None:
    assert as_array(value) is None
