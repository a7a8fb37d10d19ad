"""What blind cases hide: the default case sees it, a case that is forced to be blind does not, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import faults
import numpy as np
import pytest
from evidence import LSTM, of

from harness import blind
from harness.candidate import Candidate
from harness.case import Case, from_seed
from harness.judge import judge
from references.model import Model

COTANGENT = Model("lstm", "tanh", "cotangent", "sum", 2, False)


def _with(case: Case, **arrays: np.ndarray) -> Case:
    return replace(case, arrays={**case.arrays, **arrays})


def _zero_biases(case: Case) -> Case:
    zero = np.zeros_like(case.arrays["b_ih"])
    return _with(case, b_ih=zero, b_hh=zero)


def _equal_gates(case: Case) -> Case:
    H = case.sizes["H"]

    def equal(array: np.ndarray) -> np.ndarray:
        return np.concatenate([array[:H], array[:H], array[2 * H :]])

    return _with(case, **{name: equal(case.arrays[name]) for name in ("W_ih", "W_hh", "b_ih", "b_hh")})


def _symmetric_cotangent(case: Case) -> Case:
    G = case.arrays["G"]
    return _with(case, G=G + G[::-1])


def _one_step(case: Case) -> Case:
    return from_seed(case.model, case.sizes | {"T": 1})


FAULTS: list[tuple[Model, Candidate, Callable[[Case], Case], str]] = [
    (LSTM, faults.doubled_bias, _zero_biases, "all biases are zero"),
    (LSTM, faults.swapped_i_and_f, _equal_gates, "gates i and f have equal weights"),
    (COTANGENT, faults.reversed_cotangent, _symmetric_cotangent, "the same forwards and backwards in time"),
    (COTANGENT, faults.no_forget_in_the_carry, _one_step, "T = 1"),
]


@pytest.mark.parametrize(("model", "fault", "forced", "text"), FAULTS)
def test_the_default_case_sees_what_the_blind_one_hides(
    model: Model, fault: Candidate, forced: Callable[[Case], Case], text: str
) -> None:
    seeing = from_seed(model)
    assert judge(of(seeing, fault)).verdict == "differ"
    assert blind.findings([seeing]) == ()
    blinded = forced(seeing)
    assert judge(of(blinded, fault)).verdict == "agree"
    assert any(text in finding.text for finding in blind.findings([blinded]))


def test_one_case_that_sees_is_enough() -> None:
    seeing = from_seed(LSTM)
    assert blind.findings([_zero_biases(seeing)])
    assert blind.findings([_zero_biases(seeing), seeing]) == ()


@pytest.mark.parametrize("loss", ["softmax-cross-entropy", "cotangent", "first-unit-squared-error"])
@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_default_cases_are_not_blind(cell: str, loss: str) -> None:
    model = Model(cell, "tanh", loss, "sum", 2, loss == "softmax-cross-entropy")
    assert blind.findings([from_seed(model)]) == ()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"b_hh": "b_ih"}, "b_ih = b_hh"),
        ({"h0": 0.0}, "h0 = 0"),
        ({"c0": 0.0}, "c0 = 0"),
        ({"G": 1.0}, "every cotangent is the same number"),
        ({"G": 0.0}, "no cotangent before the last step"),
        ({"G_h": 0.0}, "no cotangent on the final h"),
        ({"x": 1.0}, "the input is the same forwards and backwards"),
        ({"W_hh": 0.001}, "W_hh is below 0.01"),
    ],
)
def test_each_class_is_named(change: dict[str, float | str], text: str) -> None:
    case = from_seed(COTANGENT)

    def changed(name: str, to: float | str) -> np.ndarray:
        return case.arrays[to] if isinstance(to, str) else np.full_like(case.arrays[name], to)

    found = blind.findings([_with(case, **{name: changed(name, to) for name, to in change.items()})])
    assert any(text in finding.text for finding in found)


@pytest.mark.parametrize("sizes", [{"B": 7}, {"D": 16}, {"T": 4}, {"K": 16}])
def test_equal_sizes_are_blind(sizes: dict[str, int]) -> None:
    case = from_seed(LSTM, {"T": 12, "B": 4, "D": 7, "H": 16, "K": 9} | sizes)
    assert [finding.name for finding in blind.findings([case])] == ["blind"]


def test_a_model_without_biases_is_not_blind_for_having_none() -> None:
    assert blind.findings([from_seed(replace(LSTM, biases=0))]) == ()
