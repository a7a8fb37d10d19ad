"""The equations' forward pass on an author's values, read by lines of block notation: what the solver compares with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from handgrad import cells
from handgrad.losses import LOSSES
from harness.layout.notation import ONE, Data, Weight
from harness.layout.places import held, places
from harness.layout.texts import notation
from harness.layout.values import stacked
from references.equations import losses
from references.model import Model

#: losses that differ from another one by a constant factor alone
MULTIPLES = {"half-squared-error": ("squared-error", 0.5)}


class States(NamedTuple):
    """What the cell gives."""

    h: np.ndarray  #: T B H
    last: Mapping[str, np.ndarray]  #: by state, B H


def weights(
    cell: str, sizes: Mapping[str, int], readout: bool, lines: Mapping[str, str], values: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """The model's weights and biases, of those of the author's arrays that have a line; zeros elsewhere."""
    loss = "squared-error"  # any: weights have the same axes with all
    model = Model(cell, cells.get(cell).ACTIVATIONS[0], loss, "sum", 2, readout)
    whole = {"T": 1, "B": 1, "D": sizes["D"], "H": sizes["H"], "K": sizes.get("K", sizes["H"])}
    shapes = model.shapes(whole)
    arrays = {name: np.zeros(shape) for name, shape in shapes.items() if name[0] in "Wb"}
    for name, text in lines.items():
        line = notation(name, text)
        if isinstance(line, Weight):
            parts = [arrays[one] for one in held(model, line)]
            flat = np.concatenate([part.ravel() for part in parts])
            flat[places(model, whole, line).ravel()] = stacked(line, values[name]).ravel()
            for part in parts:
                part[...] = flat[: part.size].reshape(part.shape)
                flat = flat[part.size :]
    return arrays


def arranged(name: str, text: str, value: Any, letters: str) -> np.ndarray:
    """Data with the axes that ``letters`` say, in their order; those that it has not are of size 1."""
    line = notation(name, text)
    assert isinstance(line, Data)
    array = stacked(line, value)
    for axis, mark in enumerate(line.axes):
        array = np.flip(array, axis) if mark.reverse else array
    own = [letter for letter in line.letters if letter != ONE]
    array = array.reshape([size for size, mark in zip(array.shape, line.axes, strict=True) if mark.letter != ONE])
    array = np.transpose(array, [own.index(letter) for letter in letters if letter in own])
    return array.reshape(
        [array.shape[_before(letters, own, at)] if one in own else 1 for at, one in enumerate(letters)]
    )


def _before(letters: str, own: list[str], at: int) -> int:
    return sum(letter in own for letter in letters[:at])


def inputs(name: str, text: str, value: Any, D: int) -> np.ndarray:
    """The model's x (T, B, D), indices as one-hot rows; a zero row for the None that a list begins with."""
    line = notation(name, text)
    assert isinstance(line, Data)
    if "x" in line.letters:
        return arranged(name, text, value, "tbx").astype(float)
    indices = arranged(name, text, value, "tb")
    if indices.dtype.kind == "f":
        column: np.ndarray = indices[..., None]
        return column
    x: np.ndarray = np.eye(max(D, int(indices.max()) + 1))[indices]
    if any(axis.first_none for axis in line.axes):
        x[0] = 0
    return x


def states(
    cell: str, activation: str, W: Mapping[str, np.ndarray], x: np.ndarray, given: Mapping[str, np.ndarray]
) -> States:
    """The cell's states; ``given`` are initial states by name, zeros where there are none."""
    module = cells.get(cell)
    B, H = x.shape[1], W["W_hh"].shape[1]
    first = {state: given.get(f"{state}0", np.zeros((B, H))) for state in module.STATES}
    tape = module.forward(x, first, W["W_ih"], W["W_hh"], W["b_ih"] + W["b_hh"], activation)
    return States(tape.h[1:], {state: getattr(tape, state)[-1] for state in module.STATES})


def cotangent(reached: States, role: str, letters: tuple[str, ...], G: np.ndarray) -> float:
    """Σ G ⊙ v for one array of cotangents, G as `arranged` by "tbh"."""
    if role == "G" and "t" in letters:
        return float((reached.h * G).sum())
    state = "h" if role == "G" else role.removeprefix("G_")
    return float((reached.last[state] * G[0]).sum())


def of_targets(z: np.ndarray, y: np.ndarray, letters: tuple[str, ...], whole: bool) -> dict[str, float]:
    """The sum of every loss that targets with these axes may have; y as `arranged` by "tb", and y or h if it has it."""
    named = {"y", "h"} & set(letters)
    found = {}
    for name, loss in LOSSES.items():
        if name in MULTIPLES:
            continue
        if name in losses.ON_INDICES:
            if named and y.shape == z.shape and _one_hot(y):
                found[name] = float(loss(z, y.argmax(axis=-1))[0])
            elif not named and whole and y.max() < z.shape[-1]:
                found[name] = float(loss(z, y)[0])
        elif name == "first-unit-squared-error":
            if not named:
                found[name] = float(loss(z, y.astype(float))[0])
        elif named or z.shape[-1] == 1:
            found[name] = float(loss(z, (y if named else y[..., None]).astype(float))[0])
    return found


def _one_hot(y: np.ndarray) -> bool:
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=-1) == 1).all())
