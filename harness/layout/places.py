"""Where each entry of an author's array stands among the model's: a layout is an index mapping and nothing else.

Places are positions in one flat vector: the model's arrays that an author's array holds entries of, one after the other
(`held`, `flat`). Its own axes are those of its notation without those of size 1; ``NOBODY`` stands where an entry is
nobody's (the None that a list may begin with).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np

from harness.layout.notation import BIASES, NOBODY, ONE, READOUT, Data, Notation, Weight
from references.model import Model

#: inputs as class indices, class indices as one-hot rows, or everything as it is
Encoding = Literal["", "indices", "one-hot"]
_OF_SOURCE = {"x": "W_ih", "h": "W_hh", "1": "b_ih", "1x": "b_ih", "1h": "b_hh"}
_OF_READOUT = {"h": "W_hy", "1": "b_y"}
#: the sizes that letters stand for
SIZES = {"t": "T", "b": "B", "x": "D", "h": "H", "y": "K"}
_LETTERS = {size: letter for letter, size in SIZES.items()}


def holder(model: Model, destination: str, source: str) -> str:
    """The model's array that the block of a destination and a source is a part of."""
    if destination == READOUT:
        return _OF_READOUT[source]
    return "b_ih" if source in BIASES and model.biases < 2 else _OF_SOURCE[source]


def held(model: Model, notation: Notation) -> tuple[str, ...]:
    """The model's arrays that an author's array holds entries of."""
    if isinstance(notation, Data):
        return (notation.role,)
    return tuple(dict.fromkeys(holder(model, *block) for block in notation.blocks))


def places(model: Model, sizes: Mapping[str, int], notation: Notation, encoding: Encoding = "") -> np.ndarray:
    """The place of each entry, over the axes that are not of size 1 by notation."""
    return _places(model, tuple(sizes[axis] for axis in "TBDHK"), notation, encoding)


@lru_cache(maxsize=4096)
def _places(model: Model, key: tuple[int, ...], notation: Notation, encoding: Encoding) -> np.ndarray:
    sizes = dict(zip("TBDHK", key, strict=True))
    result = (
        _of_weight(model, sizes, notation)
        if isinstance(notation, Weight)
        else _of_data(model, sizes, notation, encoding)
    )
    result.setflags(write=False)
    return result


def flat(model: Model, notation: Notation, arrays: Mapping[str, np.ndarray], encoding: Encoding = "") -> np.ndarray:
    """The vector that the places of a notation point into."""
    parts = [arrays[name] for name in held(model, notation)]
    if encoding == "indices":
        parts = [parts[0].argmax(axis=-1)]  # T B
    if encoding == "one-hot":
        classes = arrays["b_y"].size if model.readout else arrays["h0"].shape[1]
        parts = [np.eye(classes, dtype=arrays["x"].dtype)[parts[0]]]  # T B K
    return parts[0].ravel() if len(parts) == 1 else np.concatenate([part.ravel() for part in parts])


def _of_weight(model: Model, sizes: Mapping[str, int], weight: Weight) -> np.ndarray:
    shapes = model.shapes(sizes)
    first, rows = 0, {}
    for name in held(model, weight):
        size = int(np.prod(shapes[name]))
        rows[name] = np.arange(first, first + size).reshape(shapes[name][0], -1)  # rows columns
        first += size

    def block(destination: str, source: str) -> np.ndarray:
        whole = rows[holder(model, destination, source)]
        if destination == READOUT:
            return whole
        gate = model.equations.GATES.index(destination)
        return whole[gate * sizes["H"] : (gate + 1) * sizes["H"]]

    side_by_side = [
        np.stack([np.concatenate([block(gate, source) for source in weight.sources], axis=1) for gate in part], axis=1)
        for part in weight.axes[weight.destinations]
    ]  # units gates columns
    whole = np.concatenate([part.reshape(-1, part.shape[-1]) for part in side_by_side])  # rows columns
    if not has_columns(weight):
        return whole[:, 0].copy()
    return np.ascontiguousarray(whole.T if weight.destinations else whole)


def has_columns(weight: Weight) -> bool:
    """Whether a weight has an axis of sources that is not of size 1 by notation."""
    return any(source not in BIASES for source in weight.sources) or len(weight.sources) > 1


def _of_data(model: Model, sizes: Mapping[str, int], data: Data, encoding: Encoding) -> np.ndarray:
    letters = canonical(model, data.role, encoding)
    shape = [sizes[SIZES[letter]] for letter in letters]
    found: np.ndarray = np.arange(int(np.prod(shape))).reshape(shape)
    own = [letter for letter in data.letters if letter != ONE]
    for at in reversed(range(len(letters))):
        if letters[at] not in own:  # that axis is of size 1; of cotangents, the last step alone
            found = found.take(-1, axis=at)
    kept = [letter for letter in letters if letter in own]
    found = found.transpose([kept.index(letter) for letter in own])
    for axis in data.axes:
        if axis.reverse:
            found = np.flip(found, own.index(axis.letter))
        if axis.first_none:
            np.moveaxis(found, own.index(axis.letter), 0)[0] = NOBODY
    return np.ascontiguousarray(found)


def canonical(model: Model, role: str, encoding: Encoding = "") -> tuple[str, ...]:
    """The axes of one of the model's arrays, as letters: of inputs as they are encoded."""
    if encoding == "indices":
        return ("t", "b")
    letters = tuple(_LETTERS[axis] for axis in model.axes[role])
    return (*letters, "y" if model.readout else "h") if encoding == "one-hot" else letters
