"""Patterns: each names a planted case, and none names one that is a little off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from harness.diagnosis.patterns import pattern

RNG = np.random.default_rng(5)
T, B, H, D = 6, 3, 4, 5
GATES = ("i", "f", "g", "o")
OF_STATE, OF_GATES = ("T", "B", "H"), ("T", "B", "A")
SIZES = {"T": T, "B": B}
TBH = RNG.normal(size=(T, B, H))
TBA = RNG.normal(size=(T, B, 4 * H))
AD = RNG.normal(size=(4 * H, D))
AH = RNG.normal(size=(4 * H, H))
HH = RNG.normal(size=(H, H))

Array = np.ndarray
Change = Callable[[Array], Array]


def blocks(array: Array, *order: int) -> Array:
    """The gates' blocks of the first axis in another order."""
    return np.concatenate([np.split(array, 4)[k] for k in order])


def at(array: Array, step: int | slice, change: Change) -> Array:
    out = array.copy()
    out[step] = change(out[step])
    return out


def until(array: Array, step: int, change: Change) -> Array:
    return at(array, slice(None, step), change)


CASES: tuple[tuple[str, Array, tuple[str, ...], Change], ...] = (
    ("exactly zero", TBH, OF_STATE, np.zeros_like),
    ("constant ratio −1", AD, ("A", "D"), lambda a: -a),
    ("constant ratio 2", TBH, OF_STATE, lambda a: 2 * a),
    ("constant ratio ½", HH, ("H", "H"), lambda a: a / 2),
    ("mean for sum: constant ratio 1/T", AD, ("A", "D"), lambda a: a / T),
    ("constant ratio 3 or B", AD, ("A", "D"), lambda a: B * a),
    ("mean for sum: constant ratio 1/(T·B)", AD, ("A", "D"), lambda a: a / (T * B)),
    ("constant ratio 0.37", AD, ("A", "D"), lambda a: 0.37 * a),
    ("constant ratio −0.37", AD, ("A", "D"), lambda a: -0.37 * a),
    ("clipped to the norm 2.5", AD, ("A", "D"), lambda a: a * (2.5 / np.linalg.norm(a))),
    ("0.01 is added to every entry", TBH, OF_STATE, lambda a: a + 0.01),
    (
        "one number in every entry: an inner product in place of an outer one",
        HH,
        ("H", "H"),
        lambda a: 0 * a + a[0] @ a[1],
    ),
    ("transposed", HH, ("H", "H"), lambda a: a.T),
    ("each gate's block transposed", AH, ("A", "H"), lambda a: np.concatenate([w.T for w in np.split(a, 4)])),
    ("reshaped where axes must be exchanged", AD, ("A", "D"), lambda a: a.T.reshape(a.shape)),
    ("gates permuted: i, f, g, o hold f, i, g, o", AD, ("A", "D"), lambda a: blocks(a, 1, 0, 2, 3)),
    ("one gate in place of another: f holds i", AD, ("A", "D"), lambda a: blocks(a, 0, 0, 2, 3)),
    ("exactly zero, gate g alone", AD, ("A", "D"), lambda a: a * (np.arange(4 * H) // H != 2)[:, None]),
    ("constant ratio 2, gates i, o alone", AD, ("A", "D"), lambda a: a * np.repeat([2, 1, 1, 2], H)[:, None]),
    ("reversed in time", TBH, OF_STATE, lambda a: a[::-1]),
    ("shifted by one step: each step holds that of the step after it", TBH, OF_STATE, lambda a: np.roll(a, -1, 0)),
    ("shifted by one step: each step holds that of the step before it", TBH, OF_STATE, lambda a: np.roll(a, 1, 0)),
    ("batch entries in reversed order", TBH, OF_STATE, lambda a: a[:, ::-1]),
    ("batch entries shifted by one: each holds the entry before it", TBH, OF_STATE, lambda a: np.roll(a, 1, 1)),
    (
        "batch-averaged: every entry holds the mean over B",
        TBH,
        OF_STATE,
        lambda a: np.broadcast_to(a.mean(1, keepdims=True), a.shape),
    ),
    ("clipped at ±1", TBH, OF_STATE, lambda a: np.clip(a, -1, 1)),
    ("clipped at ±0.3137", AD, ("A", "D"), lambda a: np.clip(a, -0.3137, 0.3137)),
    ("zero but for the last step", TBH, OF_STATE, lambda a: until(a, -1, np.zeros_like)),
    ("truncated after 2 steps: zero before", TBH, OF_STATE, lambda a: until(a, -2, np.zeros_like)),
    ("zero at the last step", TBH, OF_STATE, lambda a: at(a, -1, np.zeros_like)),
    ("constant ratio 2 at all steps but the last", TBH, OF_STATE, lambda a: until(a, -1, lambda b: 2 * b)),
    ("clipped at ±0.5 at the first step alone", TBA, OF_GATES, lambda a: at(a, 0, lambda b: np.clip(b, -0.5, 0.5))),
    (
        "accumulated: each step's is added to that of the steps after it",
        TBH,
        OF_STATE,
        lambda a: np.cumsum(a[::-1], 0)[::-1],
    ),
    ("not written at the first step: left over from the step after", TBH, OF_STATE, lambda a: at(a, 0, lambda _: a[1])),
)


@pytest.mark.parametrize(("name", "right", "axes", "change"), CASES, ids=[case[0] for case in CASES])
def test_a_planted_pattern_is_named(name: str, right: Array, axes: tuple[str, ...], change: Change) -> None:
    gates = GATES if "A" in axes else ()
    assert pattern(change(right), right, axes, gates, SIZES) == name


@pytest.mark.parametrize(("name", "right", "axes", "change"), CASES, ids=[case[0] for case in CASES])
def test_what_is_a_little_off_is_not_named(name: str, right: Array, axes: tuple[str, ...], change: Change) -> None:
    off = np.array(change(right), float)
    off *= 1 + 1e-6 * np.random.default_rng(1).normal(size=off.shape)
    off += 1e-6 * np.random.default_rng(2).normal(size=off.shape)  # that of zeros too
    assert pattern(off, right, axes, GATES if "A" in axes else (), SIZES) == ""


def test_what_is_right_to_rounding_has_no_pattern() -> None:
    assert pattern(TBH * (1 + 1e-13), TBH, OF_STATE) == ""


def test_a_ratio_that_is_nearly_two_is_not_called_two() -> None:
    assert pattern(2.0001 * TBH, TBH, OF_STATE) == "constant ratio 2.0001"
    assert pattern(2.000001 * TBH, TBH, OF_STATE) == "constant ratio 2.000001"


def test_entries_that_are_not_given_are_not_compared() -> None:
    wrong = 2 * TBH
    wrong[2] = np.nan
    assert pattern(wrong, TBH, OF_STATE) == "constant ratio 2"
    assert pattern(np.full_like(TBH, np.nan), TBH, OF_STATE) == ""


def test_one_large_entry_that_is_off_is_no_clip() -> None:
    wrong = TBH.copy()
    largest = np.unravel_index(np.abs(wrong).argmax(), wrong.shape)
    wrong[largest] *= 0.9871
    assert "clipped" not in pattern(wrong, TBH, OF_STATE)


def test_gates_need_to_be_stacked_in_the_array() -> None:
    assert pattern(blocks(AD, 1, 0, 2, 3), AD, ("A", "D"), ()) == ""


def test_of_another_shape_there_is_no_pattern() -> None:
    assert pattern(TBH[:2], TBH, OF_STATE) == ""


def test_float32_needs_its_own_allowance() -> None:
    wrong = (2 * TBH).astype(np.float32)
    assert pattern(wrong, TBH, OF_STATE) == ""
    assert pattern(wrong, TBH, OF_STATE, equal=1e-5) == "constant ratio 2"
