"""The axes that public signatures state hold at run time: each letter is one length throughout a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from jaxtyping import AbstractDtype, jaxtyped

import handgrad
from handgrad import cells, losses
from harness.case import from_seed
from references.model import Model


class Real(AbstractDtype):
    """The floats that handgrad takes: jaxtyping's own Float does not know longdouble."""

    dtypes = ("float32", "float64", "longdouble")  # type: ignore[assignment]


def holds(hint: Any, value: Any) -> None:
    """Check a value, and what it contains, against the axes in its hint."""
    if get_origin(hint) is Annotated:
        axes = get_args(hint)[1]
        assert isinstance(value, Real[np.ndarray, axes]), f"got {value.shape}, needs {axes}"
    elif get_origin(hint) is tuple:
        for part, item in zip(get_args(hint), value, strict=True):
            holds(part, item)
    elif hint is not None and get_origin(hint) in (Mapping, dict) and isinstance(value, Mapping):
        for item in value.values():
            holds(get_args(hint)[1], item)
    elif hasattr(hint, "_fields"):
        for name, part in get_type_hints(hint, include_extras=True).items():
            holds(part, getattr(value, name))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with arguments and result checked together."""
    hints = get_type_hints(function, include_extras=True)

    def call(*arguments: Any, **named: Any) -> Any:
        with jaxtyped("context"):
            for name, value in inspect.signature(function).bind(*arguments, **named).arguments.items():
                holds(hints[name], value)
            result = function(*arguments, **named)
            holds(hints["return"], result)
        return result

    return call


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("cell", cells.names())
def test_cells_keep_the_axes_they_state(cell: str, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    module = cells.get(cell)
    for name in ("forward", "backward"):
        monkeypatch.setattr(module, name, checked(getattr(module, name)))
    case = from_seed(Model(cell, module.ACTIVATIONS[0], "cotangent", "sum", 2, False))
    handgrad.loss_and_grads({k: v.astype(dtype) for k, v in case.arrays.items()}, cell=cell, loss="cotangent")


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_losses_keep_the_axes_they_state(loss: str) -> None:
    case = from_seed(Model("rnn", "tanh", loss, "sum", 2, loss != "first-unit-squared-error"))
    z = handgrad.loss_and_grads(case.arrays, cell="rnn", loss=loss).trace["z" if case.model.readout else "h"]
    checked(losses.LOSSES[loss])(z, case.arrays["y"])


def test_the_check_can_fail() -> None:
    zeros = np.zeros
    right = {"x": zeros((3, 2, 4)), "W_ih": zeros((5, 4)), "W_hh": zeros((5, 5)), "bias": zeros(5)}
    forward = checked(cells.get("rnn").forward)
    forward(**right, states={"h": zeros((2, 5))}, activation="tanh")
    with pytest.raises(AssertionError, match=r"got \(1, 5\), needs B H"):  # which NumPy would broadcast in silence
        forward(**right, states={"h": zeros((1, 5))}, activation="tanh")
