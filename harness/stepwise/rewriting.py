"""The same case put so that a candidate's adjoints come out of it as gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from harness.case import Case


def remaining(case: Case, trace: Mapping[str, np.ndarray], s: int, B: int | None = None) -> Case:
    """The steps s … T − 1 alone, from truth's own states before step s; of the first ``B`` batch entries.

    ``trace`` is truth's forward pass of the case, T first. Raises BadInput where its states are not finite.
    """
    arrays = case.copies()
    for name, axes in case.model.axes.items():
        if name not in arrays:
            continue
        if axes[0] == "T":
            arrays[name] = arrays[name][s:]
        elif s > 0 and name.removesuffix("0") in case.model.equations.STATES:
            arrays[name] = np.asarray(trace[name.removesuffix("0")][s - 1]).astype(case.dtype)
        if "B" in axes:
            arrays[name] = arrays[name].take(range(B or case.sizes["B"]), axis=axes.index("B"))
    ready = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return replace(case, arrays=ready, source=f"{case.source}, from step {s}" if s else case.source)


def one_hot(case: Case, silent: bool = False) -> Case:
    """The same pre-activations from inputs of which each is one-hot, for every step and batch entry another one.

    Column t·B + b of W_ih holds what W_ih x_tb was; so the same column of dW_ih is da_tb alone. D becomes T·B where it
    is less. ``silent``: an input that is zero stays so, and its da is seen nowhere.
    """
    x, W_ih = case.arrays["x"], case.arrays["W_ih"]
    T, B, D = x.shape
    rows = x.reshape(T * B, D)
    wide = max(T * B, D)
    columns = np.zeros((len(W_ih), wide), W_ih.dtype)
    columns[:, :D] = W_ih  # of columns that no input reads
    columns[:, : T * B] = W_ih.astype(np.longdouble) @ rows.astype(np.longdouble).T
    hot = np.eye(T * B, wide, dtype=x.dtype)
    if silent:
        hot[~rows.any(axis=1)] = 0
    arrays = {**case.arrays, "x": hot.reshape(T, B, wide), "W_ih": columns}
    return replace(case, arrays=arrays, source=f"{case.source}, inputs one-hot")
