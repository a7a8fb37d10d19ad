"""What a model is, by names and shapes: the part of a case that every provider must know beside its arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from references import equations
from references.equations import losses

#: by what a reduction divides the whole loss; sums over K are never averaged
REDUCTIONS: dict[str, Callable[[int, int], int]] = {
    "sum": lambda T, B: 1,
    "mean": lambda T, B: T * B,
    "mean-b": lambda T, B: B,
    "mean-t": lambda T, B: T,
}


@dataclass(frozen=True)
class Model:
    """A cell, an optional linear readout, and a loss. Raises ValueError for a name or combination that there is not."""

    cell: str
    activation: str
    loss: str
    reduction: str
    biases: int  #: 2; 1 (b_hh is zero); 0 (both are): what the model lacks is not graded
    readout: bool

    def __post_init__(self) -> None:
        _check("cell", self.cell, equations.cells())
        _check("activation", self.activation, self.equations.ACTIVATIONS, f" with cell {self.cell}")
        _check("loss", self.loss, losses.NAMES)
        _check("reduction", self.reduction, tuple(REDUCTIONS))
        _check("biases", self.biases, (0, 1, 2))
        if self.readout and self.loss in losses.ON_HIDDEN:
            raise ValueError(f"readout: got one, allowed: none with loss {self.loss}, which reads the hidden states")

    @property
    def equations(self) -> equations.Cell:
        """The cell's equations."""
        return equations.cell(self.cell)

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Every array that a case of this model may have, and what its axes are."""
        axes: dict[str, tuple[str, ...]] = {"W_ih": ("A", "D"), "W_hh": ("A", "H"), "b_ih": ("A",), "b_hh": ("A",)}
        if self.readout:
            axes |= {"W_hy": ("K", "H"), "b_y": ("K",)}
        axes["x"] = ("T", "B", "D")
        axes |= {f"{state}0": ("B", "H") for state in self.equations.STATES}
        if self.loss == losses.COTANGENT:
            return axes | {"G": ("T", "B", "H")} | dict.fromkeys(self.optional, ("B", "H"))
        if self.loss in (*losses.ON_INDICES, "first-unit-squared-error"):
            return axes | {"y": ("T", "B")}
        return axes | {"y": ("T", "B", "K" if self.readout else "H")}

    @property
    def optional(self) -> tuple[str, ...]:
        """The arrays that a case may leave out: the cotangents of the final states."""
        return tuple(f"G_{state}" for state in self.equations.STATES) if self.loss == losses.COTANGENT else ()

    @property
    def differentiated(self) -> tuple[str, ...]:
        """The arrays that a gradient is taken of: parameters, x, initial states."""
        return tuple(name for name in self.axes if name not in ("y", "G", *self.optional))

    @property
    def absent(self) -> tuple[str, ...]:
        """The biases that the model does not have: zero in a case, and not graded."""
        return {0: ("b_ih", "b_hh"), 1: ("b_hh",), 2: ()}[self.biases]

    @property
    def graded(self) -> tuple[str, ...]:
        """The arrays whose gradient is judged."""
        return tuple(name for name in self.differentiated if name not in self.absent)

    def blocks(self, name: str) -> int:
        """How many gates are stacked along the first axis of an array."""
        return len(self.equations.GATES) if self.axes[name][0] == "A" else 1

    def divisor(self, T: int, B: int) -> int:
        """By what the reduction divides the loss."""
        return REDUCTIONS[self.reduction](T, B)

    def shapes(self, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """The shape of every array of a case, from the sizes of T, B, D, H and K."""
        lengths = {**sizes, "A": len(self.equations.GATES) * sizes["H"]}
        return {name: tuple(lengths[axis] for axis in axes) for name, axes in self.axes.items()}

    def for_equations(self, arrays: Mapping[str, np.ndarray], dtype: Any = None) -> dict[str, np.ndarray]:
        """A case's arrays as `equations.forward` reads them: class indices as one-hot rows, all of one float dtype."""
        dtype = arrays["x"].dtype if dtype is None else dtype
        ready = {name: np.asarray(array) for name, array in arrays.items()}
        if self.loss in losses.ON_INDICES:
            ready["y"] = np.eye(len(arrays["b_y"] if self.readout else arrays["h0"].T))[arrays["y"]]
        return {name: array.astype(dtype) for name, array in ready.items()}

    def received(self, ready: Mapping[str, np.ndarray], sent: Mapping[str, np.ndarray]) -> str:
        """The fingerprint of what a reference computes with, read back from its own arrays.

        ``ready`` is what became of `for_equations`; ``sent`` are the case's arrays, to whose dtypes it is brought back.
        """
        back = {name: ready[name] for name in sent}
        if self.loss in losses.ON_INDICES:
            back["y"] = back["y"].argmax(axis=-1)
        return fingerprint({name: array.astype(sent[name].dtype) for name, array in back.items()})

    def to_dict(self) -> dict[str, Any]:
        """For a file or another process: ``Model(**model.to_dict()) == model``."""
        return asdict(self)


def _check(what: str, got: object, allowed: tuple[object, ...], where: str = "") -> None:
    if got not in allowed:
        raise ValueError(f"{what}: got {got!r}, allowed{where}: {', '.join(map(str, allowed))}")


def fingerprint(arrays: Mapping[str, np.ndarray]) -> str:
    """A hash of names, dtypes, shapes and bytes: equal fingerprints mean identical weights, bit by bit."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())  # in C order, whatever the memory's
    return digest.hexdigest()[:16]
