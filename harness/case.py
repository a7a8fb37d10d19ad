"""A case: a model's sizes and dtype, and the arrays made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from harness.errors import BadInput
from harness.run import CaseSummary
from references.equations import losses
from references.model import Model, fingerprint

#: Pairwise distinct, so that no transpose fits by accident.
DEFAULT_SIZES: Mapping[str, int] = {"T": 12, "B": 4, "D": 7, "H": 16, "K": 9}
DTYPES = ("float32", "float64")


@dataclass(frozen=True, eq=False)
class Case:
    """A model and the arrays it runs on. ``source`` says in words where they come from.

    Raises BadInput for arrays that are missing, unknown, of a wrong shape or dtype, or not finite.
    """

    model: Model
    arrays: Mapping[str, np.ndarray]
    source: str

    def __post_init__(self) -> None:
        _check_names(self.model, self.arrays)
        _check_dtypes(self.model, self.arrays)
        _check_shapes(self.model, self.arrays, self.sizes)
        _check_values(self.model, self.arrays, self.sizes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The float dtype of all arrays but class indices."""
        return self.arrays["x"].dtype

    @cached_property
    def sizes(self) -> dict[str, int]:
        """T, B, D, H and K; K is H where there is no readout."""
        T, B, D = _dims("x", self.arrays["x"], 3, "T B D")
        H = _dims("W_hh", self.arrays["W_hh"], 2, "A H")[1]
        K = _dims("W_hy", self.arrays["W_hy"], 2, "K H")[0] if self.model.readout else H
        return {"T": T, "B": B, "D": D, "H": H, "K": K}

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the arrays' bytes."""
        return fingerprint(self.arrays)

    def copies(self) -> dict[str, np.ndarray]:
        """Fresh copies of the same bytes."""
        return {name: array.copy() for name, array in self.arrays.items()}

    def at(self, dtype: str) -> Case:
        """The case with its floats rounded to ``dtype``."""
        return replace(self, arrays=_at(dtype, self.arrays))

    def summary(self) -> CaseSummary:
        """What a run keeps of it."""
        sizes = {axis: size for axis, size in self.sizes.items() if axis != "K" or self.model.readout}
        return CaseSummary(**self.model.to_dict(), sizes=sizes, dtype=str(self.dtype), source=self.source,
                           fingerprint=self.fingerprint)  # fmt: skip


def from_seed(model: Model, sizes: Mapping[str, int] = DEFAULT_SIZES, dtype: str = "float64", seed: int = 0) -> Case:
    """A case of random arrays that is blind to no class of fault we know, as far as ``sizes`` allow.

    Weights are normal around ±0.5, smaller from 5 columns on, so that W_hh has a spectral radius of about one: nothing
    saturates, and neither adjoints nor roundings vanish or explode on their way through time. Biases are unequal and
    not zero, initial states are not zero, cotangents are random for every entry and for the final states.
    """
    rng = np.random.default_rng(seed)
    arrays = {name: _draw(model, name, shape, sizes, rng) for name, shape in model.shapes(sizes).items()}
    return Case(model, _at(dtype, arrays), f"seed {seed}")


def from_inputs(
    model: Model, x: np.ndarray, y: np.ndarray, sizes: Mapping[str, int], dtype: str, seed: int, source: str
) -> Case:
    """Given inputs x and targets y; weights and initial states are drawn as in `from_seed`."""
    rng = np.random.default_rng(seed)
    drawn = {name: _draw(model, name, shape, sizes, rng) for name, shape in model.shapes(sizes).items()}
    return Case(model, _at(dtype, drawn | {"x": x, "y": y}), source)


def _at(dtype: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array if array.dtype.kind == "i" else array.astype(dtype) for name, array in arrays.items()}


def _draw(
    model: Model, name: str, shape: tuple[int, ...], sizes: Mapping[str, int], rng: np.random.Generator
) -> np.ndarray:
    if name in model.absent:
        return np.zeros(shape)
    if name == "y" and model.loss in losses.ON_INDICES:
        return rng.integers(sizes["K"] if model.readout else sizes["H"], size=shape)
    if name == "y" and ("sigmoid" in model.loss or model.loss == "binary-cross-entropy"):
        return rng.uniform(0, 1, shape)
    if name.startswith("W_"):
        return rng.normal(0, 0.5 / np.sqrt(max(1, shape[1] / 4)), shape)
    return rng.normal(0, 0.5 if name.startswith("b_") or name.endswith("0") else 1.0, shape)


def _dims(name: str, array: np.ndarray, ndim: int, axes: str) -> tuple[int, ...]:
    if array.ndim != ndim or 0 in array.shape:
        raise BadInput(f"{name}: got shape {array.shape}, needs axes {axes}, each of size 1 or more")
    return array.shape


def _check_names(model: Model, arrays: Mapping[str, np.ndarray]) -> None:
    missing = [name for name in model.axes if name not in arrays and name not in model.optional]
    unknown = [name for name in arrays if name not in model.axes]
    if missing or unknown:
        got = f"no {', '.join(missing)}" if missing else f"unknown {', '.join(unknown)}"
        raise BadInput(f"arrays: got {got}, a case of {model.cell} with {model.loss} has {', '.join(model.axes)}")


def _check_dtypes(model: Model, arrays: Mapping[str, np.ndarray]) -> None:
    dtype = arrays["x"].dtype
    if str(dtype) not in DTYPES:
        raise BadInput(f"x: got dtype {dtype}, allowed: {', '.join(DTYPES)}")
    for name, array in arrays.items():
        if name == "y" and model.loss in losses.ON_INDICES:
            if array.dtype.kind not in "iu":
                raise BadInput(f"y: got dtype {array.dtype}, {model.loss} needs integer class indices")
        elif array.dtype != dtype:
            raise BadInput(f"{name}: got dtype {array.dtype}, x has {dtype}: all of a case must be the same")


def _check_shapes(model: Model, arrays: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> None:
    for name, shape in model.shapes(sizes).items():
        if name in arrays and arrays[name].shape != shape:
            given = ", ".join(f"{axis}={size}" for axis, size in sizes.items())
            raise BadInput(
                f"{name}: got {arrays[name].shape}, axes {' '.join(model.axes[name])} with {given} need {shape}"
            )


def _check_values(model: Model, arrays: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> None:
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            at = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
            raise BadInput(f"{name}: got {array[at]} at {list(at)}, a case must be finite")
    for name in model.absent:
        if arrays[name].any():
            raise BadInput(f"{name}: got values, a model with {model.biases} bias(es) needs zeros there")
    if model.loss in losses.ON_INDICES and not (arrays["y"].min() >= 0 and arrays["y"].max() < sizes["K"]):
        raise BadInput(f"y: got class {arrays['y'].min()} to {arrays['y'].max()}, allowed: 0 to {sizes['K'] - 1}")
