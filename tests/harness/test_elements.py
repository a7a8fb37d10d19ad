"""Arrays entry by entry: nothing is lost of small ones, and the worst entry of large ones is always shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import harness
from harness import elements, measure, where
from harness.run import Judgement


def pair(shape: tuple[int, ...], reference: str = "extended", seed: int = 0) -> measure.Pair:
    rng = np.random.default_rng(seed)
    expected = rng.normal(size=shape)
    candidate = expected + 1e-12 * rng.normal(size=shape)
    letters = ("T", "B", "D")[-len(shape) :]
    scale = measure.scale(expected, np.full(shape, 1e-13), where.axes(letters, shape, ()), np.dtype(float))
    return measure.Pair("x", reference, candidate, expected, scale, 1.0)


def test_a_small_array_is_told_entry_by_entry() -> None:
    one = pair((5, 3, 4))
    other = replace(pair((5, 3, 4), "torch", seed=1), scale=one.scale, candidate=one.candidate)
    found = elements.elements([one, other])
    assert found.block == (1, 1, 1) and found.shape == (5, 3, 4)
    assert np.array_equal(found.at, np.arange(60).reshape(5, 3, 4))
    assert np.array_equal(found.candidate, one.candidate)
    for who in (one, other):
        assert np.array_equal(found.expected[who.reference], who.expected)
        assert np.array_equal(found.delta[who.reference], np.asarray(who.delta, float))
        assert np.array_equal(found.ratio[who.reference], who.ratio)
        assert found.ulp[who.reference].max() == measure.row(who).ulp


@pytest.mark.parametrize("shape", [(4097,), (70, 70), (17, 19, 23)])
def test_of_a_large_array_the_worst_entry_of_each_block_is_shown(shape: tuple[int, ...]) -> None:
    whole = pair(shape)
    found = elements.elements([whole])
    assert found.at.size <= elements.MOST and max(found.block) > 1
    assert found.ratio["extended"].max() == whole.ratio.max()
    assert np.array_equal(found.candidate, whole.candidate.reshape(-1)[found.at])
    for index in np.ndindex(found.at.shape):
        inside = tuple(slice(k * step, (k + 1) * step) for k, step in zip(index, found.block, strict=True))
        assert found.ratio["extended"][index] == whole.ratio[inside].max()
    for axis, size in zip(found.axes, found.at.shape, strict=True):
        assert len(axis.labels) == size


def test_blocks_keep_the_gates_that_they_are_in() -> None:
    rng = np.random.default_rng(0)
    expected = rng.normal(size=(400, 100))
    axes = where.axes(("A", "D"), expected.shape, ("i", "f", "g", "o"))
    scale = measure.scale(expected, np.full(expected.shape, 1e-13), axes, np.dtype(float))
    rows, _ = elements.elements([measure.Pair("W", "extended", expected, expected, scale, 1.0)]).axes
    assert [name for name, _ in rows.blocks] == ["i", "f", "g", "o"]
    assert rows.labels[0].startswith("i 0 … i ")
    assert sorted({k for _, indices in rows.blocks for k in indices}) == list(range(len(rows.labels)))


def test_of_several_judgements_the_worst_keeps_its_entries() -> None:
    run = harness.compare(cell="rnn", references="extended", alone=True)
    (judgement,) = run.judgements
    better = replace(judgement, rows=tuple(replace(row, ratio=0.0) for row in judgement.rows))
    worse = replace(judgement, verdict="differ")
    found: list[Judgement] = []
    for one in (judgement, better, worse, better):
        elements.add(one, found)
    assert [bool(one.elements) for one in found] == [False, False, True, False]
    assert found[2].verdict == "differ"
