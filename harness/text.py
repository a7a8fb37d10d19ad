"""A case from real text: one-hot characters in, the next character as target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.case import Case, from_inputs
from harness.errors import BadInput
from references.model import Model


@dataclass(frozen=True)
class Windows:
    """A text as codes in its alphabet, and the windows to cut from it. D and K are the size of the alphabet."""

    name: str
    model: Model
    sizes: Mapping[str, int]
    codes: np.ndarray  # length of the text

    @staticmethod
    def read(path: Path, model: Model, sizes: Mapping[str, int]) -> Windows:
        """Read a file; the alphabet is its symbols, sorted.

        Raises BadInput for a file that is empty, not UTF-8, of one symbol, or too short for T, and for a model that
        does not predict a character.
        """
        if model.loss != "softmax-cross-entropy" or not model.readout:
            raise BadInput(f"text {path}: got loss {model.loss}, needs softmax-cross-entropy with a readout")
        text = contents("text", path)
        if len(text) <= sizes["T"]:
            raise BadInput(
                f"text {path}: has {len(text)} symbols, T={sizes['T']} needs {sizes['T'] + 1}; give a smaller T"
            )
        alphabet, codes = np.unique(list(text), return_inverse=True)
        return Windows(path.name, model, {**sizes, "D": len(alphabet), "K": len(alphabet)}, codes)

    def case(self, dtype: str, seed: int) -> Case:
        """B windows of T characters at places drawn from ``seed``, which also draws weights and initial states."""
        T, B, D = (self.sizes[axis] for axis in "TBD")
        starts = np.random.default_rng(seed).integers(len(self.codes) - T, size=B)
        windows = self.codes[starts + np.arange(T + 1)[:, np.newaxis]]  # T+1 B
        x = np.eye(D)[windows[:-1]]  # T B D
        source = f"text {self.name}, {D} symbols, seed {seed}"
        return from_inputs(self.model, x, windows[1:], self.sizes, dtype, seed, source)


def contents(what: str, path: Path) -> str:
    """The text of a file. Raises BadInput for one that cannot be read, is not UTF-8, is empty, or has one symbol."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{what} {path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{what} {path}: is not UTF-8: byte {error.object[error.start]:#04x} at {error.start}") from None
    if not text:
        raise BadInput(f"{what} {path}: is empty, needs at least two different symbols")
    if len(set(text)) == 1:
        raise BadInput(f"{what} {path}: has the one symbol {text[0]!r}, needs two or more: there is nothing to predict")
    return text
