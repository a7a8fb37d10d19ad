"""Candidates of known faults, asked as a diagnosis asks them; and what a checker that knows the equations would say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

import handgrad
from harness.bank.catalogue import catalogue
from harness.bank.fault import Fault
from harness.candidate import InProcess
from harness.case import Case
from harness.diagnosis.asking import Asked
from harness.diagnosis.box import Answered, Outside, parity
from harness.diagnosis.known_together import gradients
from harness.diagnosis.probes import probes
from harness.diagnosis.structures import Structure
from references.model import Model

RNN = Model("rnn", "tanh", "cotangent", "sum", 2, False)
LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
READOUT = Model("lstm", "tanh", "half-squared-error", "mean", 2, True)


@cache
def _bank() -> Mapping[str, Fault]:
    return {fault.id: fault for fault in catalogue()}


def faulted(*ids: str) -> InProcess:
    """What handgrad is with these faults of the bank; itself without one."""

    def run(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        case = Case(model, arrays, "probe")
        of = {"cell": model.cell, "activation": model.activation, "loss": model.loss, "reduction": model.reduction}
        right = handgrad.loss_and_grads(case.copies(), **of)  # type: ignore[arg-type]
        with np.errstate(all="ignore"):
            grads = gradients([_bank()[name] for name in ids], case) if ids else right.grads
        return handgrad.Gradients(right.loss, grads, {})

    return InProcess(run)


def asked(model: Model, *ids: str) -> Asked:
    """The same, to be asked in cases of a model."""
    return Asked(faulted(*ids), model)


def found(ask: Asked, *units: tuple[str, ...], structure: Structure | None = None) -> Outside:
    """What a checker says of a candidate whose broken equations are these."""
    answered = []
    for probe in probes(ask.model, ask.make):
        grads = ask(probe.case)
        if grads is not None:
            answered.append(Answered(probe, grads, {}))
    visible = frozenset(tag for one in answered for tag in parity(one, structure).tags)
    return Outside(units, structure, tuple(answered), visible, True)
