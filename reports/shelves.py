"""Boxes on shelves, in their order: beside each other while there is room, small ones below each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """What takes room, in pixels."""

    width: float
    height: float


def placed(boxes: Sequence[Box], width: float, gap: Box) -> tuple[list[tuple[float, float]], float]:
    """The upper left corner of every box, and how high all shelves are together.

    No two overlap, and none reaches beyond ``width`` but one that is wider by itself.
    """
    corners: list[tuple[float, float]] = []
    left = top = 0.0  # of the column that is being filled
    wide = filled = 0.0  # its width, and how far down it is filled
    shelf = below = 0.0  # where the shelf begins, and the next one
    for box in boxes:
        fits_below = box.width <= wide and filled + gap.height + box.height <= below
        if corners and fits_below:
            top = filled + gap.height
        else:
            left, wide, top = left + wide + gap.width if corners else 0.0, box.width, shelf
            if corners and left + box.width > width:
                left, shelf = 0.0, below + gap.height
                top = shelf
        corners.append((left, top))
        filled = top + box.height
        below = max(below, filled)
    return corners, below
