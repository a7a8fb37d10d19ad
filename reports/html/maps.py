"""Heat maps of a judgement: each graded array laid out as it is, and what a reader is told of each of its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from harness.diagnosed import Map
from harness.pictured import Axis, Elements
from harness.run import Judgement
from reports import numbers

from .drawn import Drawing, drawing, side
from .levels import NOTHING, RATIO, RELATIVE, RELATIVE_CLASSES, Scale

#: Between the texts of a field on their way to the script: no number holds it.
APART = "|"


@dataclass(frozen=True)
class HeatMap:
    """One map: its drawing, and texts for each cell in C order of what is shown."""

    name: str
    title: str  #: "64×16"
    note: str  #: how much of it is wrong, and what a cell stands for where that is more than one entry
    scale: Scale
    drawing: Drawing
    labels: tuple[tuple[str, ...], ...]  #: of each index along each axis
    cells: tuple[int, ...]  #: which cell, counted in C order, stands at each place of the grid, row by row
    worst: int  #: the cell that is told first
    references: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]  #: by name, a text for each cell; "delta.0" is of the first reference
    badness: float = 0.0  #: the largest value shown; infinite for what is not a number

    def where(self, k: int) -> str:
        """The index of a cell in the array's words."""
        at = np.unravel_index(k, [len(one) for one in self.labels]) if self.labels else ()
        return ", ".join(one[int(index)] for one, index in zip(self.labels, at, strict=True)) or "the number"

    @property
    def data(self) -> dict[str, object]:
        """What the script reads."""
        drawn = self.drawing
        return {
            "name": self.name, "labels": self.labels, "cells": self.cells, "worst": self.worst, "cell": drawn.cell,
            "x": drawn.columns.offsets, "y": drawn.rows.offsets, "references": self.references,
            "fields": {name: APART.join(texts) for name, texts in self.fields.items()},
        }  # fmt: skip


def of_array(told: Elements) -> HeatMap:
    """The map of one array: above 1 it differs."""
    references = tuple(told.expected)
    rows, columns, order = _laid(told.axes)
    layers = []
    for name in references:
        levels = RATIO.levels(np.asarray(told.ratio[name], float))
        levels = np.where(np.isnan(told.expected[name]) & (told.ratio[name] == 0), NOTHING, levels)
        layers.append((name, _placed(levels, order)))
    worst = np.max([np.where(np.isnan(told.ratio[name]), np.inf, told.ratio[name]) for name in references], axis=0)
    differing = int(np.sum(worst > 1))
    shown = prod(worst.shape)
    counted = f"{differing} of {shown} cells above 1" if differing else f"no cell above 1: {shown} agree"
    return HeatMap(
        told.array, "×".join(map(str, told.shape)) or "a number", "; ".join([counted, *_blocks(told)]), RATIO,
        drawing(side(rows), side(columns), layers, RATIO.loud, RATIO.infinite),
        tuple(axis.labels for axis in told.axes), tuple(_placed(np.arange(shown).reshape(worst.shape), order).ravel()),
        int(np.argmax(worst)), references, _fields(told, references), float(np.max(worst)),
    )  # fmt: skip


def of_judgement(judgement: Judgement) -> tuple[HeatMap, ...]:
    """The maps of all its arrays, the worst first."""
    return tuple(sorted(map(of_array, judgement.elements), key=lambda one: one.badness, reverse=True))


def of_diagnosis(told: Map) -> HeatMap:
    """The map of a diagnosis: gates by time steps."""
    error = np.asarray(told.error, float)
    levels = RELATIVE.levels(error)
    # A level holds from its bound on, as in the terminal's shades; and what is not known is not wrong.
    levels = np.where(np.isin(error, RELATIVE.bounds[1:]), levels + 1, levels)
    levels = np.where(np.isnan(error), NOTHING, levels)
    known = np.where(np.isnan(error), -1.0, error)
    axes = (Axis("gate", "row", told.labels), Axis("t", "step", tuple(map(str, range(error.shape[1])))))
    colours = np.where(levels == NOTHING, NOTHING, np.asarray(RELATIVE_CLASSES)[levels])
    first = RELATIVE_CLASSES[RELATIVE.loud]
    texts = tuple("not known" if np.isnan(one) else numbers.amount(float(one)) for one in error.ravel())
    drawn = drawing(side(axes[:1]), side(axes[1:]), [("", colours)], first, RELATIVE_CLASSES[RELATIVE.infinite])
    return HeatMap(
        told.quantity, "", "", RELATIVE, drawn, tuple(axis.labels for axis in axes), tuple(range(error.size)),
        int(np.argmax(known)), (), {"error": texts},
    )  # fmt: skip


def _laid(axes: Sequence[Axis]) -> tuple[list[Axis], list[Axis], list[int]]:
    """What runs downwards, what runs across, and the axes in that order: time across, a vector as one row."""
    across = next((k for k, axis in enumerate(axes) if axis.kind == "step"), len(axes) - 1)
    down = [k for k in range(len(axes)) if k != across]
    order = [*down, across] if axes else []
    return [axes[k] for k in down], [axes[across]] if axes else [], order


def _placed(values: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Rows × columns."""
    if values.ndim == 0:
        return values.reshape(1, 1)
    turned = values.transpose(order)
    return turned.reshape(-1, turned.shape[-1])


def _blocks(told: Elements) -> list[str]:
    if prod(told.block) == 1:
        return []
    return [f"each cell is the worst of its block of {'×'.join(map(str, told.block))} entries"]


def _fields(told: Elements, references: Sequence[str]) -> dict[str, tuple[str, ...]]:
    fields = {
        "candidate": _each(told.candidate, repr),
        "budget": _each(told.budget, numbers.amount),
    }
    if prod(told.block) > 1:
        at = np.stack(np.unravel_index(told.at.ravel(), told.shape), axis=-1)
        fields["entry"] = tuple(f"[{', '.join(map(str, index))}]" for index in at.tolist())
    for n, name in enumerate(references):
        fields[f"expected.{n}"] = _each(told.expected[name], repr)
        fields[f"delta.{n}"] = _each(told.delta[name], numbers.signed)
        fields[f"ulp.{n}"] = _each(told.ulp[name], numbers.ulps)
        fields[f"ratio.{n}"] = _each(told.ratio[name], numbers.ratio)
    return fields


def _each(values: np.ndarray, written: Callable[[float], str]) -> tuple[str, ...]:
    return tuple(written(float(value)) for value in np.ravel(values))
