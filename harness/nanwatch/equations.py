"""The first quantity of the named equations that is not finite, at given arrays and in their own dtype.

In the order of computation: what is given; forward, step by step; the loss; adjoints from the last step back; gradients
of arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from harness.nanwatch import words
from harness.nanwatch.stated import Place, Stated
from harness.trained import Explosion
from references.arithmetic import Floats
from references.equations import losses
from references.graph import record
from references.model import Model
from references.reverse import Reverse

Arrays = Mapping[str, np.ndarray]


def by_equations(model: Model, arrays: Arrays, update: int | None = None) -> Explosion | None:
    """The first quantity that is not finite; None where all are.

    ``arrays`` are canonical, as of a case; initial states and biases that are left out are zero.
    """
    given = _given(arrays, update)
    if given is not None:
        return given
    ready = model.for_equations(complete(model, arrays), _dtype(arrays))
    graph = record(model, {name: array.shape for name, array in ready.items()})
    with np.errstate(all="ignore"):
        done = Reverse(graph, ready, Floats(), every=True)
        stated = Stated(model, graph, done, ready)
        found = next(_broken(stated), None)
        return None if found is None else _told(stated, found, update)


def _given(arrays: Arrays, update: int | None) -> Explosion | None:
    """An array that is not finite before anything is computed: weights first, as an update leaves them behind."""
    for name in sorted(arrays, key=lambda name: not name.startswith(("W_", "b_"))):
        array = arrays[name]
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            index = words.first(~np.isfinite(array))
            step = index[0] if name in ("x", "y", "G") else None
            return given(name, array, index, step, update)
    return None


def given(name: str, array: np.ndarray, index: tuple[int, ...], step: int | None, update: int | None) -> Explosion:
    """What is said of an array that comes in with something that is not finite."""
    count = int((~np.isfinite(array)).sum())
    return Explosion(
        update=update,
        kind=words.kind(float(array[index])),
        quantity=name,
        step=step,
        index=index,
        value=float(array[index]),
        equation="given",
        inputs=(),
        why=f"{name} is not finite before anything is computed: {count} of its {array.size} entries",
        cure="look at what made it: the update before, or the file that it was read from",
    )


def _dtype(arrays: Arrays) -> np.dtype[np.floating]:
    return np.result_type(*(array.dtype for name, array in arrays.items() if name.startswith("W_")))


def complete(model: Model, arrays: Arrays) -> dict[str, np.ndarray]:
    """The arrays with the initial states and biases that are left out, as zeros."""
    B, (A, H) = arrays["x"].shape[1], arrays["W_hh"].shape
    dtype = _dtype(arrays)
    absent: dict[str, np.ndarray] = {name: np.zeros(A, dtype) for name in ("b_ih", "b_hh")}
    absent |= {f"{state}0": np.zeros((B, H), dtype) for state in model.equations.STATES}
    if model.readout:
        absent["b_y"] = np.zeros(len(arrays["W_hy"]), dtype)
    return {**absent, **arrays}


def _broken(stated: Stated) -> Iterator[Place]:
    """Where the quantities are not finite, the first one of each stage first."""
    yield from _earliest([(name, stated.forward(name)) for name in stated.quantities], backwards=False)
    if not np.isfinite(stated.loss).all():
        yield Place("loss", None, ())
    adjoints = [(f"d{name}", stated.adjoint(name)) for name in reversed(stated.quantities)]
    adjoints += [(f"d{state}_next", stated.carried(state)) for state in stated.model.equations.STATES]
    yield from _earliest([(name, array) for name, array in adjoints if array is not None], backwards=True)
    for name in sorted(stated.model.differentiated, key=lambda name: name == "x"):
        bad = ~np.isfinite(stated.gradient(name))
        if bad.any():
            index = words.first(bad)
            yield Place(f"d{name}", *((index[0], index[1:]) if name == "x" else (None, index)))


def _earliest(named: list[tuple[str, np.ndarray]], backwards: bool) -> Iterator[Place]:
    """Of arrays with time first, in the order of computation within a step: the first that is not finite."""
    bad = [~np.isfinite(array).reshape(len(array), -1).all(axis=1) for _, array in named]
    steps = np.flatnonzero(np.any(bad, axis=0)) if bad else np.empty(0)
    if len(steps):
        t = int(steps[-1] if backwards else steps[0])
        name, array = next(pair for pair, one in zip(named, bad, strict=True) if one[t])
        yield Place(name, t, words.first(~np.isfinite(array[t])))


def _told(stated: Stated, found: Place, update: int | None) -> Explosion:
    value = stated.value(found)
    return Explosion(
        update=update,
        kind=words.kind(value),
        quantity=found.name,
        step=found.step,
        index=found.index,
        value=value,
        equation=stated.equation(found),
        inputs=stated.inputs(found),
        why=_why(value, stated, found),
        cure=_cure(stated.model, found),
    )


def _why(value: float, stated: Stated, found: Place) -> str:
    limit = words.limit(stated.dtype)
    if np.isnan(value):
        return f"its terms overflow with both signs, beyond {limit}: inf − inf is not a number"
    if found.name == "loss" and "squared" in stated.model.loss:
        return f"the squares overflow, or their sum does: beyond {limit}"
    return f"what it is the sum or the product of goes beyond {limit}"


def _cure(model: Model, found: Place) -> str:
    outside = "a smaller rate, or gradients clipped outside the backward pass before every update"
    if found.name == "loss":
        return f"predictions this far off come of updates that are too large: {outside}"
    if found.name.startswith("d"):
        return (
            "adjoints grow by the recurrent weights at every step back: smaller recurrent weights or shorter windows, "
            f"and in training {outside}"
        )
    if (model.activation in ("relu", "identity") and model.loss not in losses.ON_INDICES) or found.name in "ahc":
        return (
            "states grow at every step where nothing bounds them: smaller recurrent weights or a bounded activation, "
            f"and in training {outside}"
        )
    return f"weights this large come of updates that are too large: {outside}"
