"""The bank of planted faults under the default judgement: which of them are seen, and by which case."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bank import catalogue
from harness.bank.classes import FaultClass
from harness.bank.fault import Fault
from harness.companions import Companion
from harness.options import Options, model
from harness.sensitivity import judged
from harness.study import FaultSeen
from references.model import Model

#: An effect below this is rounding, in float64.
ROUNDING = 1e-12


def seen(one: FaultClass, dtype: str) -> FaultSeen:
    """A class of faults at a dtype, judged by its representative."""
    fault = catalogue.fault(one.representative)
    facing, effect = _faced(fault, one)
    return FaultSeen(
        id=fault.id,
        equation=fault.equation,
        kind=fault.kind,
        sentence=fault.sentence,
        members=len(one.members),
        weak=fault.weak,
        dtype=dtype,
        effect=effect,
        seen_by=judged.seen_by(fault.candidate, _cases(fault, facing, dtype)),
    )


def _faced(fault: Fault, one: FaultClass) -> tuple[Model, float]:
    """The model whose default judgement a fault faces, and its effect there: the default model, where it has any."""
    default = default_model(fault.model.cell)
    for facing in ([default] if fault.concerns(default) else []) + list(one.models):
        effect = max(judged.effect(fault.candidate, case) for case in _cases(fault, facing, "float64"))
        if effect > ROUNDING:
            break
    return facing, effect


def default_model(cell: str) -> Model:
    """What `harness.compare` judges where nothing but the cell is given."""
    return model(Options(cell=cell))


def _cases(fault: Fault, model: Model, dtype: str) -> Iterator[Companion]:
    """Of the cases that judge, those that run the faulty line; on the others the candidate is the sound one."""
    return (one for one in judged.cases(model, dtype) if fault.concerns(one.case.model))
