"""Sampling by the published rule."""

from __future__ import annotations

import numpy as np
import pytest

from harness.training.sampling import LONGEST, published, sample, spoken
from references.model import Model

#: The published sample's first 43 symbols; from the next on rounding decides (casebook, building blocks).
PUBLISHED = (
    12, 17, 24, 14, 13, 9, 10, 22, 24, 6, 13, 11, 12, 6, 21, 15, 21, 14, 3, 2, 1, 21,
    18, 24, 7, 25, 6, 25, 18, 10, 16, 2, 3, 8, 15, 12, 11, 7, 1, 12, 10, 2, 7,
)  # fmt: skip
MODEL = Model("rnn", "tanh", "softmax-cross-entropy", "sum", 1, True)


def weights(seed: int, H: int, V: int) -> dict[str, np.ndarray]:
    """In the published order."""
    rng = np.random.RandomState(seed)
    W_ih, W_hh, W_hy, b, b_y = (rng.randn(*shape) for shape in ((H, V), (H, H), (V, H), (H, 1), (V, 1)))
    return {"W_ih": W_ih, "W_hh": W_hh, "W_hy": W_hy, "b_ih": b[:, 0], "b_y": b_y[:, 0]}


def test_the_published_sample() -> None:
    found = sample(MODEL, weights(2, 100, 27), published(0), stop=0)
    assert tuple(found[: len(PUBLISHED)]) == PUBLISHED
    assert len(found) <= LONGEST + 1 and found[-1] == 0


def test_it_ends_with_the_symbol_that_ends_a_name() -> None:
    params = weights(0, 4, 3)
    assert sample(MODEL, params, lambda p, n: (1, 2, 0, 1)[n], stop=0) == [1, 2, 0]
    assert sample(MODEL, params, lambda p, n: 1, stop=0, longest=5) == [1, 1, 1, 1, 1, 0]
    assert sample(MODEL, params, lambda p, n: 1, longest=5) == [1] * 5


def test_each_symbol_is_the_input_of_the_next_step_and_states_are_carried() -> None:
    params = weights(1, 4, 3)
    seen = []

    def draw(p: np.ndarray, n: int) -> int:
        seen.append(p)
        return n % 3

    sample(MODEL, params, draw, longest=3)
    h, expected = np.zeros(4), []
    for x in (np.zeros(3), np.eye(3)[0], np.eye(3)[1]):
        h = np.tanh(params["W_ih"] @ x + params["W_hh"] @ h + params["b_ih"])
        e = np.exp(params["W_hy"] @ h + params["b_y"])
        expected.append(e / e.sum())
    np.testing.assert_allclose(seen, expected, rtol=1e-12)


@pytest.mark.parametrize(("indices", "text"), [([1, 2, 0], "ab"), ([0], ""), ([2, 1], "ba")])
def test_a_sample_as_text(indices: list[int], text: str) -> None:
    assert spoken(indices, "\nab") == text
