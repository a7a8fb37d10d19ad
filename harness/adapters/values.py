"""What the adapters share: which arrays a framework is given, which of them it differentiates, and the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from harness.candidates.structure import as_array

Values = Mapping[str, Any]
#: params and data as a framework's arrays → the loss, or outputs
Function = Callable[[dict[str, Any], dict[str, Any]], Any]


class LossAndGrads(Protocol):
    """A candidate that carries its forward alone."""

    forward: Callable[[Values, Values], Any]  #: params, data → loss, complex where an array is

    def __call__(self, params: Values, data: Values) -> tuple[Any, dict[str, Any]]:
        """The loss, and the gradient of every float array that it depends on."""


def names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """One name, several, or none."""
    return (given,) if isinstance(given, str) else tuple(given or ())


def mapped(value: Any, change: Callable[[np.ndarray], Any]) -> Any:
    """The value with each of its arrays changed; Python's numbers, text and None stay as they are."""
    if isinstance(value, np.ndarray):
        return change(np.asarray(value))  # no subclass of ndarray: frameworks do not know any
    if isinstance(value, list | tuple):
        return type(value)(mapped(one, change) for one in value)
    if isinstance(value, Mapping):
        return {key: mapped(one, change) for key, one in value.items()}
    return value


def leaves(value: Any) -> Iterator[Any]:
    """The value itself, or what its lists and tuples hold."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def differentiable(params: Values, data: Values, without: Sequence[str]) -> tuple[str, ...]:
    """The names of float arrays, and of lists over time of them. Python's numbers are settings, not variables."""
    return tuple(
        name
        for name, value in {**params, **data}.items()
        if name not in without
        and as_array(value) is not None
        and all(isinstance(leaf, np.ndarray) for leaf in leaves(value))
    )


def widened(params: Values, data: Values) -> tuple[Values, Values, bool]:
    """All float arrays complex where one is, and whether that is so: a derivative is being taken by complex step."""
    found: list[bool] = []
    mapped([params, data], lambda array: found.append(array.dtype.kind == "c"))
    if not any(found):
        return params, data, False

    def wide(array: np.ndarray) -> np.ndarray:
        return array.astype(complex) if array.dtype.kind == "f" else array

    return mapped(params, wide), mapped(data, wide), True


def total(outcome: Any, data: Mapping[str, Any], cotangents: Sequence[str]) -> Any:
    """The loss as a framework's scalar: what the function returned, or Σ output ⊙ cotangent over all its outputs."""
    if not cotangents:
        if math.prod(getattr(outcome, "shape", (0,))) != 1:
            raise ValueError(
                f"the function returned {_words(outcome)}, allowed: one number, the loss; for outputs say "
                f'which data hold their cotangents: outputs="G"'
            )
        return outcome.reshape(())
    outputs = tuple(outcome) if isinstance(outcome, list | tuple) else (outcome,)
    if len(outputs) != len(cotangents):
        raise ValueError(f"the function returned {_words(outcome)}, outputs names {len(cotangents)} cotangents")
    loss: Any = 0.0
    for name, output in zip(cotangents, outputs, strict=True):
        if name not in data:
            raise ValueError(f"outputs: got {name!r}, allowed: names of data: {', '.join(data)}")
        if tuple(output.shape) != tuple(data[name].shape):
            raise ValueError(
                f"{name}: got shape {tuple(data[name].shape)}, its output has {tuple(output.shape)}: "
                f"a cotangent has the shape of its output"
            )
        loss = loss + (output * data[name]).sum()
    return loss


def _words(outcome: Any) -> str:
    if isinstance(outcome, list | tuple):
        return f"{len(outcome)} values"
    return f"shape {tuple(outcome.shape)}" if hasattr(outcome, "shape") else f"a {type(outcome).__name__}"
