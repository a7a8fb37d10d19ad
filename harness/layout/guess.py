"""A guess: lines found so far, and what the equations give for them; arrays without a line are zero on both sides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from harness.layout import forwards
from harness.layout.kinds import Structure
from harness.layout.notation import Data, Weight
from harness.layout.texts import notation
from references.equations import losses
from references.model import REDUCTIONS


@dataclass(frozen=True)
class Guess:
    """Some lines of a layout, and the model that they belong to."""

    structure: Structure
    T: int
    B: int
    activation: str
    loss: str  #: before the reduction
    factor: float  #: the candidate's loss in terms of that loss's sum
    lines: tuple[tuple[str, str], ...]
    unexplained: tuple[str, ...] = ()  #: arrays that the loss depends on otherwise than any line would have it

    @property
    def sizes(self) -> dict[str, int]:
        """T, B, D and H, and K with a readout."""
        return {"T": self.T, "B": self.B, **dict(self.structure.sizes)}

    @property
    def readout(self) -> bool:
        """Whether there is one."""
        return "K" in self.sizes

    @property
    def known(self) -> dict[str, str]:
        """The lines by name."""
        return dict(self.lines)

    def data(self) -> Iterator[Data]:
        """The lines that are no weights."""
        for name, text in self.lines:
            line = notation(name, text)
            if isinstance(line, Data):
                yield line

    def weights(self) -> Iterator[Weight]:
        """The lines that are."""
        for name, text in self.lines:
            line = notation(name, text)
            if isinstance(line, Weight):
                yield line

    def role(self, role: str) -> Data | None:
        """The line of one of the model's arrays."""
        return next((line for line in self.data() if line.role == role), None)

    def having(self, *lines: tuple[str, str]) -> Guess:
        """The same with more lines."""
        return replace(self, lines=(*self.lines, *lines))

    def value(self, values: Mapping[str, Any]) -> float:
        """The candidate's loss as the equations have it."""
        lines, sizes = self.known, self.sizes
        W = forwards.weights(self.structure.cell, sizes, self.readout, lines, values)
        x = self.role("x")
        assert x is not None
        inputs = forwards.inputs(x.name, x.text, values[x.name], sizes["D"])
        given = {
            line.role: forwards.arranged(line.name, line.text, values[line.name], "bh")
            for line in self.data()
            if line.role[1:] == "0"
        }
        with np.errstate(all="ignore"):
            reached = forwards.states(self.structure.cell, self.activation, W, inputs, given)
            z = reached.h @ W["W_hy"].T + W["b_y"] if self.readout else reached.h
            return self.factor * sum(
                compared(line, values[line.name], reached, z).get(self.loss, 0.0)
                for line in self.data()
                if line.role[0] in "yG"
            )


def compared(line: Data, value: Any, reached: forwards.States, z: np.ndarray) -> dict[str, float]:
    """The losses that one line of targets or cotangents has, summed, by name."""
    last = next((letter for letter in line.letters if letter in "hy"), "")
    arranged = forwards.arranged(line.name, line.text, value, f"tb{last}")
    if line.role == "y":
        return forwards.of_targets(z, arranged, line.letters, arranged.dtype.kind in "iu")
    return {losses.COTANGENT: forwards.cotangent(reached, line.role, line.letters, arranged)}


def named(loss: str, factor: float, sizes: Mapping[str, int], tolerance: float) -> list[tuple[str, str]]:
    """Every loss and reduction whose factor, in terms of the loss's sum, is this one; not two that always agree."""
    T, B = sizes["T"], sizes["B"]
    sure = {"sum", "mean", *(["mean-b"] if B > 1 < T else ()), *(["mean-t"] if B > 1 < T else ())}
    multiples = {loss: 1.0} | {name: by for name, (of, by) in forwards.MULTIPLES.items() if of == loss}
    return [
        (name, reduction)
        for name, by in multiples.items()
        for reduction, divisor in REDUCTIONS.items()
        if reduction in sure and (reduction == "sum" or divisor(T, B) > 1)
        if abs(factor * divisor(T, B) / by - 1) < tolerance
    ]


def in_words(factor: float, sizes: Mapping[str, int], tolerance: float) -> str:
    """A factor as a quotient of sizes, where it is one; empty where it is none that is usual."""
    words, values = _usual(tuple(sizes.get(letter, sizes["H"]) for letter in "TBKH"))
    close = np.abs(factor / values - 1) < tolerance
    return words[int(np.argmax(close))] if close.any() else ""


@lru_cache
def _usual(lengths: tuple[int, ...]) -> tuple[list[str], np.ndarray]:
    """Factors that people's losses have, in words and as numbers."""
    sizes = dict(zip("TBKH", lengths, strict=True))
    found: dict[str, float] = {}
    for numerator, times in (("1", 1.0), ("½", 0.5), ("2", 2.0), ("-1", -1.0)):
        for letters in ("", "T", "B", "TB", "K", "TK", "BK", "TBK", "H", "TH", "BH", "TBH"):
            value = times / math.prod(sizes[letter] for letter in letters)
            over = f" ÷ {'·'.join(letters)}" if letters else ""
            found[f"{numerator}{over}"] = value
            found[f"{numerator}{over} ÷ ln 2"] = value / math.log(2)
    return list(found), np.array(list(found.values()))
