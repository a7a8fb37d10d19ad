"""The arrays of a judgement entry by entry, for pictures: of a large array the worst entry of each block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.measure import Pair
from harness.pictured import Axis, Elements
from harness.run import Judgement

#: An array of more entries is shown by blocks of neighbours, so many of them at most.
MOST = 4096


def elements(pairs: Sequence[Pair]) -> Elements:
    """One array beside every reference that judged it, truth first."""
    first = pairs[0]
    shape = np.shape(first.candidate)
    block = _block(shape)
    at = np.arange(first.ratio.size).reshape(shape) if max(block, default=1) == 1 else _worst(first.ratio, block)

    def shown(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, shape).reshape(-1)[at]

    scale = first.scale
    with np.errstate(all="ignore"):
        ulp = {pair.reference: shown(np.abs(pair.delta) / scale.spacing).astype(float) for pair in pairs}
    return Elements(
        array=first.name,
        shape=shape,
        axes=tuple(_axis(axis, k) for axis, k in zip(scale.axes, block, strict=True)),
        block=block,
        at=at,
        candidate=shown(first.candidate),
        budget=shown(scale.budget).astype(float),
        expected={pair.reference: np.where(_known(pair, shape), pair.expected, np.nan).reshape(-1)[at].astype(float)
                  for pair in pairs},
        delta={pair.reference: shown(pair.delta).astype(float) for pair in pairs},
        ulp=ulp,
        ratio={pair.reference: shown(pair.ratio) for pair in pairs},
    )  # fmt: skip


def add(judgement: Judgement, judgements: list[Judgement]) -> None:
    """Append a judgement, such that only the worst keeps its entries: it is the one that is shown in full.

    There may be thousands of them, one per seed.
    """
    holder = next((k for k, one in enumerate(judgements) if one.elements), None)
    if holder is not None and judgement.elements:
        if judgement.rank <= judgements[holder].rank:
            judgement = replace(judgement, elements=())
        else:
            judgements[holder] = replace(judgements[holder], elements=())
    judgements.append(judgement)


def _block(shape: Sequence[int]) -> tuple[int, ...]:
    """How many neighbours one shown entry stands for along each axis: the longest axis is shortened first."""
    shown, block = list(shape), [1] * len(shape)
    while np.prod(shown) > MOST:
        k = int(np.argmax(shown))
        block[k] += 1
        shown[k] = -(-shape[k] // block[k])
    return tuple(block)


def _worst(ratio: np.ndarray, block: Sequence[int]) -> np.ndarray:
    """The index, in C order, of the worst entry of each block."""
    padding = [(0, -size % step) for size, step in zip(ratio.shape, block, strict=True)]
    padded = np.pad(ratio, padding, constant_values=-1.0)
    index = np.pad(np.arange(ratio.size).reshape(ratio.shape), padding)
    split = [n for size, step in zip(padded.shape, block, strict=True) for n in (size // step, step)]
    order = [*range(0, len(split), 2), *range(1, len(split), 2)]
    within = int(np.prod(block))
    blocks = padded.reshape(split).transpose(order).reshape(-1, within).argmax(axis=1)
    found = index.reshape(split).transpose(order).reshape(-1, within)[np.arange(blocks.size), blocks]
    shown: np.ndarray = found.reshape([size // step for size, step in zip(padded.shape, block, strict=True)])
    return shown


def _axis(axis: Axis, step: int) -> Axis:
    """The axis as it is shown, a label for each block of ``step`` indices."""
    if step == 1:
        return axis
    firsts = range(0, len(axis.labels), step)
    labels = tuple(_from_to(axis.labels[k : k + step]) for k in firsts)
    blocks = tuple((name, tuple(dict.fromkeys(k // step for k in indices))) for name, indices in axis.blocks)
    return axis._replace(labels=labels, blocks=blocks)


def _from_to(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{labels[0]} … {labels[-1]}"


def _known(pair: Pair, shape: Sequence[int]) -> np.ndarray:
    """Where the reference has a value: a sample has only some."""
    return np.broadcast_to(np.isfinite(pair.radius), shape)
