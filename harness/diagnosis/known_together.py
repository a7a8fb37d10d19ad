"""Several planted faults at once: a handgrad with all their edits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

import handgrad
from handgrad import cells, model
from handgrad.losses import LOSSES
from harness.bank.compiled import Edit, edited
from harness.bank.fault import Fault
from harness.bank.reading import module_of, name_of
from harness.case import Case

_WHOLE = f"{model.__name__}:loss_and_grads"


def gradients(faults: Sequence[Fault], case: Case) -> dict[str, np.ndarray]:
    """The gradients of a handgrad with all these faults, by canonical name.

    Raises ValueError for two faults of one line: one of them would not be there.
    """
    if len(faults) == 1:
        return faults[0].candidate(case.model, case.copies()).grads
    return answer(_compiled(tuple(faults)), case)


def answer(run: Callable[..., handgrad.Gradients], case: Case) -> dict[str, np.ndarray]:
    """What a faulted `handgrad.loss_and_grads` answers to a case; what overflows is its result."""
    of = case.model
    with np.errstate(all="ignore"):
        return run(case.copies(), cell=of.cell, activation=of.activation, loss=of.loss, reduction=of.reduction).grads


@cache
def _compiled(faults: tuple[Fault, ...]) -> Callable[..., handgrad.Gradients]:
    by_function: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_function[fault.function].append(fault)
    return around({function: merged(some) for function, some in by_function.items()}, {})


def around(edits: Mapping[str, tuple[Edit, ...]], more: Mapping[str, Any]) -> Callable[..., handgrad.Gradients]:
    """`handgrad.loss_and_grads` with edits to functions of handgrad, which see ``more`` names beside their own."""
    names: dict[str, Any] = {**vars(model), **more, "fresh": lambda name, shape, dtype: np.zeros(shape, dtype)}
    for function, own in edits.items():
        if function == _WHOLE:
            continue
        module, name = module_of(function), name_of(function)
        new = edited(function, own, {**vars(module), **more})
        if module is model:
            names[name] = new
        elif module.__name__.startswith(f"{cells.__name__}."):
            names["cells"] = SimpleNamespace(get=_always(SimpleNamespace(**{**vars(module), name: new})))
        else:
            names["LOSSES"] = {loss: new if real.__name__ == name else real for loss, real in LOSSES.items()}
    if _WHOLE in edits:
        run: Callable[..., handgrad.Gradients] = edited(_WHOLE, edits[_WHOLE], names)
        return run
    real = model.loss_and_grads
    assert isinstance(real, FunctionType)
    copy = FunctionType(real.__code__, names, real.__name__, real.__defaults__)
    copy.__kwdefaults__ = real.__kwdefaults__
    return copy


def _always(module: SimpleNamespace) -> Callable[[str], SimpleNamespace]:
    return lambda cell: module


def merged(faults: Iterable[Fault]) -> tuple[Edit, ...]:
    """The edits of all. Where one keeps the statement that another one changes, it keeps the changed one."""
    merged: dict[int, tuple[str, ...]] = {}
    lines: dict[int, str] = {}
    for fault in faults:
        for edit in fault.edits:
            if edit.number not in merged:
                merged[edit.number], lines[edit.number] = edit.statements, fault.line
                continue
            one, two = merged[edit.number], edit.statements
            if fault.line in one:
                merged[edit.number] = _inserted(one, fault.line, two)
            elif lines[edit.number] in two:
                merged[edit.number] = _inserted(two, lines[edit.number], one)
            elif one[0] == two[0]:  # each stands behind the statement that takes the loss
                merged[edit.number] = (*one, *two[1:])
            else:
                raise ValueError(f"faults: got two of line {edit.number}, one is {fault.id}; allowed: one of a line")
    return tuple(Edit(number, statements) for number, statements in merged.items())


def possible(faults: Sequence[Fault]) -> bool:
    """Whether faults can be there at once: no two change one statement."""
    by_function: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_function[fault.function].append(fault)
    try:
        for some in by_function.values():
            merged(some)
    except ValueError:
        return False
    return True


def _inserted(statements: tuple[str, ...], line: str, instead: tuple[str, ...]) -> tuple[str, ...]:
    at = statements.index(line)
    return (*statements[:at], *instead, *statements[at + 1 :])
