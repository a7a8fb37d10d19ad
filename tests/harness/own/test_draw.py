"""Numbers drawn anew keep what their meaning asks for, and lose what hides faults."""

from __future__ import annotations

import numpy as np
import pytest

from harness.own.draw import multiplied, noisy, redrawn


def drawn(value: object, where: str = "data") -> object:
    params, data = redrawn({"v": value} if where == "params" else {}, {} if where == "params" else {"v": value}, 1)
    return {**params, **data}["v"]


@pytest.mark.parametrize(
    "value",
    [
        np.eye(4),
        np.array([[0.0, 1.0], [1.0, 1.0]]),
        np.array([3.0, 5.0]),
        np.arange(4),
        [2, 0, None],
        "tanh",
        0.1,
        None,
    ],
)
def test_whole_numbers_and_what_is_no_array_stay(value: object) -> None:
    assert repr(drawn(value)) == repr(value)


def test_probabilities_stay_probabilities() -> None:
    rows = np.array([[0.25, 0.75], [0.5, 0.5]])
    again = drawn(rows)
    assert isinstance(again, np.ndarray)
    assert not np.array_equal(again, rows)
    assert np.allclose(again.sum(axis=1), 1)
    single = drawn(np.array([0.2, 0.9, 0.4]))
    assert isinstance(single, np.ndarray)
    assert ((single > 0) & (single < 1)).all()


def test_ones_become_zeros_and_ones_which_serve_masks_and_cotangents() -> None:
    again = drawn(np.ones((3, 2)))
    assert isinstance(again, np.ndarray)
    assert set(again.ravel()) == {0.0, 1.0}


def test_padding_stays_beside_rows_that_sum_to_one() -> None:
    rows = np.array([[0.25, 0.75], [0.5, 0.5], [0.0, 0.0]])
    again = drawn(rows)
    assert isinstance(again, np.ndarray)
    assert not np.array_equal(again[:2], rows[:2])
    assert np.allclose(again.sum(axis=1), [1, 1, 0])


def test_masks_of_dropout_stay_and_are_not_multiplied() -> None:
    mask = np.array([[0.0, 1.25, 1.25], [1.25, 0.0, 1.25]])
    assert np.array_equal(drawn(mask), mask)  # type: ignore[arg-type]
    assert np.array_equal(multiplied({"mask": mask}, 1024.0)["mask"], mask)


def test_symmetric_data_stay_symmetric_and_weights_do_not() -> None:
    graph = np.array([[0.5, 0.2, 0.0], [0.2, 0.3, 0.7], [0.0, 0.7, 0.1]])
    again, weights = drawn(graph), drawn(graph, "params")
    assert isinstance(again, np.ndarray)
    assert isinstance(weights, np.ndarray)
    assert not np.array_equal(again, graph)
    assert np.array_equal(again, again.T)
    assert not np.allclose(weights, weights.T)


def test_times_go_on_ascending() -> None:
    again = drawn(np.array([[0.1, 0.7, 1.9, 2.2], [0.4, 0.5, 0.6, 3.3]]))
    assert isinstance(again, np.ndarray)
    assert (np.diff(again) > 0).all()


def test_a_weight_that_is_a_single_number_is_drawn_and_keeps_its_sign() -> None:
    again = drawn(np.array(-1.0), "params")
    assert -3 < again < -0.3  # type: ignore[operator]
    assert again != -1
    assert drawn(np.array(0.1)) == 0.1


@pytest.mark.parametrize("value", [np.zeros((3, 2)), -np.ones((3, 2))])
def test_states_of_zeros_and_constants_do_not_stay(value: np.ndarray) -> None:
    again = drawn(value)
    assert isinstance(again, np.ndarray)
    assert len(np.unique(again)) == again.size


@pytest.mark.parametrize("value", [np.zeros(5), np.eye(3), 1e-3 * np.ones((4, 3), np.float32)])
def test_weights_are_all_drawn_at_their_dtype(value: np.ndarray) -> None:
    again = drawn(value, "params")
    assert isinstance(again, np.ndarray)
    assert again.dtype == value.dtype
    assert again.shape == value.shape
    assert len(np.unique(again)) == again.size
    assert 0.05 < np.abs(again).mean() < 1


def test_lists_and_dicts_keep_their_structure() -> None:
    value = {"xs": [np.zeros((2, 1)), np.zeros((2, 1))], "uneven": [np.zeros(2), np.zeros(3)], "lr": 0.1}
    again = drawn(value)
    assert isinstance(again, dict)
    assert [one.shape for one in again["xs"]] == [(2, 1), (2, 1)]
    assert all(one.all() for one in again["uneven"])
    assert again["lr"] == 0.1


def test_multiplied_leaves_probabilities_alone() -> None:
    bits, weights = np.array([0.0, 1.0]), np.array([-0.5, 2.0])
    again = multiplied({"bits": bits, "W": weights}, 16.0)
    assert np.array_equal(again["bits"], bits)
    assert np.array_equal(again["W"], 16 * weights)


@pytest.mark.parametrize("signs", [np.array([1.0, -1.0]), [1.0, 0.0, -1.0]])
def test_signs_are_not_multiplied(signs: object) -> None:
    assert np.array_equal(multiplied({"label": signs}, 1024.0)["label"], signs)


def test_noise_leaves_whole_numbers_as_they_may_be_lengths() -> None:
    lengths = np.array([6.0, 3.0])
    assert np.array_equal(noisy({"lengths": lengths}, 1e-3, np.random.default_rng(0))["lengths"], lengths)


def test_noise_is_a_part_of_each_number() -> None:
    weights = np.array([0.0, 1.5, -1e6])
    moved = noisy({"W": weights}, 1e-3, np.random.default_rng(0))["W"]
    assert moved[0] == 0
    assert 0 < np.abs(moved[1:] / weights[1:] - 1).max() <= 1e-3
