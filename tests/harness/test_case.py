from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.case import Case, from_seed
from harness.errors import BadInput
from references.model import Model

LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert from_seed(LSTM, seed=3).fingerprint == from_seed(LSTM, seed=3).fingerprint
    assert from_seed(LSTM, seed=3).fingerprint != from_seed(LSTM, seed=4).fingerprint


def test_the_fingerprint_sees_one_bit() -> None:
    case = from_seed(LSTM)
    arrays = case.copies()
    arrays["W_hh"][0, 0] = np.nextafter(arrays["W_hh"][0, 0], 1)
    assert replace(case, arrays=arrays).fingerprint != case.fingerprint


def test_copies_share_no_memory() -> None:
    case = from_seed(LSTM)
    assert not any(np.shares_memory(copy, case.arrays[name]) for name, copy in case.copies().items())


def _broken(name: str, array: np.ndarray | None) -> str:
    arrays = from_seed(LSTM).copies()
    if array is None:
        del arrays[name]
    else:
        arrays[name] = array
    with pytest.raises(BadInput) as raised:
        Case(LSTM, arrays, "broken")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_missing_array() -> None:
    assert _broken("W_hh", None).startswith("arrays: got no W_hh")


def test_an_unknown_array() -> None:
    assert "unknown W_xh" in _broken("W_xh", np.zeros((3, 3)))


def test_a_wrong_shape_says_got_and_needed() -> None:
    message = _broken("b_ih", np.zeros(16))
    assert message == "b_ih: got (16,), axes A with T=12, B=4, D=7, H=16, K=9 need (64,)"


def test_a_wrong_dtype() -> None:
    assert (
        _broken("h0", np.zeros((4, 16), np.float32))
        == "h0: got dtype float32, x has float64: all of a case must be the same"
    )
    assert "integer class indices" in _broken("y", np.zeros((12, 4)))
    assert "got dtype float16, allowed: float32, float64" in _broken("x", np.zeros((12, 4, 7), np.float16))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused_with_its_place(value: float) -> None:
    x = from_seed(LSTM).copies()["x"]
    x[1, 2, 3] = value
    assert _broken("x", x) == f"x: got {value} at [1, 2, 3], a case must be finite"


def test_a_class_beyond_the_readout() -> None:
    assert "allowed: 0 to 8" in _broken("y", np.full((12, 4), 9))


def test_an_empty_axis() -> None:
    assert "each of size 1 or more" in _broken("x", np.zeros((0, 4, 7)))


def test_values_in_a_bias_that_the_model_lacks() -> None:
    case = from_seed(replace(LSTM, biases=1))
    with pytest.raises(BadInput, match=r"b_hh: got values"):
        replace(case, arrays={**case.arrays, "b_hh": np.ones(64)})
