"""No rounding ever shows a perfect score that is not one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import numbers

ALL = st.floats()
SIZES = st.floats(min_value=0)
COUNTS = st.integers(1, 10**9).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (-1.3e-15, "-1.3e-15"), (0.1205, "0.1205"), (-0.33261, "-0.3326"), (12.0, "12.00"),
        (1234.6, "1235"), (9999.6, "1.0e+04"), (0.00999999, "1.0e-02"), (-1.34e-101, "-1e-101"), (5e-324, "5e-324"),
        (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan"),
    ],
)  # fmt: skip
def test_amount(value: float, text: str) -> None:
    assert numbers.amount(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.1205, "+0.1205"), (-4.6e-16, "-4.6e-16"), (0.0, "0"), (-0.0, "0")])
def test_a_sum_has_its_sign(value: float, text: str) -> None:
    assert numbers.signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (1e-300, "<0.01"), (0.42, "0.42"), (1.0, "1.00"), (math.nextafter(1, 0), "<1.00"),
        (math.nextafter(1, 2), ">1.00"), (0.9951, "<1.00"), (1.0049, ">1.00"), (1.01, "1.01"), (9.996, "10.0"),
        (99.96, "100"), (1.9e14, "1.9e+14"), (1e300, "1e+300"), (math.inf, "inf"), (math.nan, "nan"),
    ],
)  # fmt: skip
def test_ratio(value: float, text: str) -> None:
    assert numbers.ratio(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1e-12, "<0.1"), (0.099, "<0.1"), (0.5, "0.5"), (2.13, "2.1"), (99.96, "100"), (45321.4, "45321"),
     (6.676e15, "6.7e+15"), (math.inf, "inf"), (math.nan, "nan")],
)  # fmt: skip
def test_ulps(value: float, text: str) -> None:
    assert numbers.ulps(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(999, 1000, "99.9 %"), (99_999, 100_000, "99.9 %"), (1, 10**6, "0.1 %"), (0, 7, "0 %"), (7, 7, "100 %"),
     (47, 48, "97.9 %"), (0, 0, "0 %")],
)  # fmt: skip
def test_percent(part: int, whole: int, text: str) -> None:
    assert numbers.percent(part, whole) == text


@given(ALL)
def test_only_zero_reads_zero(value: float) -> None:
    for text in (numbers.amount(value), numbers.signed(value), numbers.ulps(abs(value)), numbers.ratio(abs(value))):
        assert (text == "0") == (value == 0)
        assert text.strip("+-0.") or value == 0


@given(SIZES)
def test_only_one_reads_one(value: float) -> None:
    assert (numbers.ratio(value) == "1.00") == (value == 1)


@given(st.floats(0.9, 1.1))
def test_a_ratio_reads_on_the_side_where_it_is(value: float) -> None:
    text = numbers.ratio(value)
    assert text.startswith(">") or float(text.lstrip("<")) <= 1 or value > 1
    if text[0] in "<>":
        assert value < 1 if text[0] == "<" else value > 1


@given(COUNTS)
def test_only_all_reads_a_hundred_percent(counts: tuple[int, int]) -> None:
    part, whole = counts
    assert (numbers.percent(part, whole) == "100 %") == (part == whole)
    assert (numbers.percent(part, whole) == "0 %") == (part == 0)


@given(ALL)
def test_no_number_is_wider_than_eight(value: float) -> None:
    assert len(numbers.signed(value)) <= 8
    assert len(numbers.amount(abs(value))) <= 7
    assert len(numbers.ulps(abs(value))) <= 7
    assert len(numbers.ratio(abs(value))) <= 7


@given(ALL)
def test_an_amount_is_near_its_value(value: float) -> None:
    text = numbers.amount(value)
    assert math.isnan(value) == (text == "nan")
    if math.isfinite(value) and abs(value) > 1e-300 and abs(value) < 1e300:
        digits = 0.5 if len(text.partition("e")[2]) > 3 else 0.05
        assert float(text) == pytest.approx(value, rel=digits + 1e-6)


def test_different_values_never_look_the_same() -> None:
    assert numbers.pair(-0.1187, 0.3129) == ("-0.1187", "0.3129")
    assert numbers.pair(0.12345678, 0.12345679) == ("0.12345678", "0.12345679")
    assert numbers.pair(0.25, 0.25) == ("0.2500", "0.2500")
