"""The figures from which the budget is derived, and its terms one by one."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness import budget
from harness.budget import budgets, pooled
from harness.candidate import own
from harness.case import from_seed
from references import extended
from references.model import Model

PAGE = Path(__file__).resolve().parents[2] / "docs" / "verdicts.md"
LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, readout=False)


def _chance(draws: int, factor: float) -> float:
    """That a normal draw exceeds ``factor`` times the largest of ``draws`` others: E[(2 Φ(|z| ÷ F) − 1)ᴺ]."""
    z = np.linspace(0, 40, 400_001)
    density = np.exp(-z * z / 2) * math.sqrt(2 / math.pi)
    smaller = np.array([math.erf(value / factor / math.sqrt(2)) for value in z])
    return float(np.trapezoid(density * smaller**draws, z))


def test_the_factor_follows_from_the_number_of_samples() -> None:
    assert 0.5e-6 < _chance(budget.SAMPLES, budget.FACTOR) < 1e-6


def test_the_pages_table_of_factors() -> None:
    rows = re.findall(r"^\| (?:N|F for P = 1e-6) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    draws, factors = ([float(cell.strip(" *")) for cell in row.split("|")] for row in rows)
    assert len(draws) == 5
    for count, factor in zip(draws, factors, strict=True):
        assert _chance(int(count), factor) == pytest.approx(1e-6, rel=0.1), count


def test_a_pool_is_the_smaller_of_row_and_column_within_a_gate() -> None:
    values = np.array([[1.0, 9.0], [2.0, 3.0], [5.0, 4.0], [7.0, 6.0]])
    assert pooled(values, 2).tolist() == [[2, 9], [2, 3], [5, 5], [7, 6]]
    assert pooled(np.array([1.0, 3.0, 2.0, 5.0]), 2).tolist() == [3, 3, 5, 5]


def test_an_error_of_what_underflows_is_allowed_and_no_more() -> None:
    """Cotangents of zero: truth is zero, and so is every sample."""
    case = from_seed(LSTM, {"T": 5, "B": 3, "D": 4, "H": 8, "K": 8}, "float32")
    zero = {name: 0 * array for name, array in case.arrays.items() if name.startswith("G")}
    case = replace(case, arrays={**case.arrays, **zero})
    allowed = budgets(case, extended.gradients(case.model, case.arrays))
    expected = np.finfo(np.float32).tiny * 5 * 3 * 32
    assert set(np.unique(allowed.grads["W_hh"])) == {float(expected)}
    assert 1e-36 < expected < 1e-34


def test_tiny_cotangents_are_judged_as_exactly_as_ordinary_ones() -> None:
    """No absolute floor: the budget scales with the cotangents down to 1e-30."""
    case = from_seed(LSTM, {"T": 5, "B": 3, "D": 4, "H": 8, "K": 8})
    shares = []
    for factor in (1.0, 2.0**-100):
        cotangents = {name: factor * array for name, array in case.arrays.items() if name.startswith("G")}
        one = replace(case, arrays={**case.arrays, **cotangents})
        truth = extended.gradients(one.model, one.arrays)
        shares.append(budgets(one, truth).grads["W_hh"] / np.abs(truth.grads["W_hh"]).max())
    assert np.allclose(shares[0], shares[1], rtol=1e-9)


def test_cancellation_is_allowed_for_where_it_is() -> None:
    """Two steps whose cotangents cancel: what is left of the gradient is rounding of what was there."""
    case = from_seed(replace(LSTM, cell="rnn"), {"T": 2, "B": 1, "D": 3, "H": 4, "K": 4})
    arrays = case.copies()
    arrays["x"][1], arrays["W_hh"][:], arrays["G_h"][:] = arrays["x"][0], 0, 0
    arrays["G"][1] = -arrays["G"][0] * (1 + 1e-9)
    one = replace(case, arrays=arrays)
    truth = extended.gradients(one.model, one.arrays)
    allowed = budgets(one, truth)
    assert np.abs(truth.grads["W_ih"]).max() < 1e-8
    assert (allowed.grads["W_ih"] / np.abs(truth.grads["W_ih"])).min() > 1e-9
    error = np.abs(own(one.model, one.copies()).grads["W_ih"] - truth.grads["W_ih"])
    assert (error <= allowed.grads["W_ih"]).all()
