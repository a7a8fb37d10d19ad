"""The functions of handgrad that hold adjoint equations: every cell's backward, every loss, readout and reduction."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

import numpy as np

from handgrad import cells, model
from handgrad.losses import LOSSES
from harness.bank import wrong
from harness.bank.compiled import Edit, edited
from harness.bank.lines import tagged
from harness.bank.reading import module_of, tree_of
from harness.bank.site import SIZES, Site
from harness.bank.statements import helpers
from harness.case import from_seed
from references.equations import losses
from references.model import Model

_SOFTMAX = "softmax-cross-entropy"


@cache
def sites() -> tuple[Site, ...]:
    """Every function with tagged lines."""
    return (*map(_cell, cells.names()), *map(_loss, LOSSES), _readout(), _reductions())


def _cell(name: str) -> Site:
    function = f"{cells.__name__}.{name}:backward"
    case = from_seed(Model(name, cells.get(name).ACTIVATIONS[0], model.COTANGENT, "sum", 2, False), SIZES)
    module, arrays = cells.get(name), case.arrays
    states = {state: arrays[f"{state}0"] for state in module.STATES}
    bias = arrays["b_ih"] + arrays["b_hh"]
    tape = module.forward(arrays["x"], states, arrays["W_ih"], arrays["W_hh"], bias, module.ACTIVATIONS[0])
    final = {state: arrays[f"G_{state}"] for state in module.STATES}
    gates = module.GATES if len(module.GATES) > 1 else ()
    values = _locals(function, tape, arrays["G"], final)
    return Site(name, function, tagged(function), values, cell=name, gates=gates, helpers=helpers(function))


def _loss(name: str) -> Site:
    function = f"{LOSSES[name].__module__}:{LOSSES[name].__name__}"
    readout = name not in losses.ON_HIDDEN
    case = from_seed(Model("rnn", "tanh", name, "sum", 2, readout), SIZES)
    z = np.random.default_rng(0).normal(size=(SIZES["T"], SIZES["B"], SIZES["K" if readout else "H"]))
    values = _locals(function, z, case.arrays["y"])
    return Site(name, function, tagged(function), values, loss=name, T="len(z)", B="z.shape[1]")


def _readout() -> Site:
    function = f"{model.__name__}:_readout_backward"
    case = from_seed(Model("rnn", "tanh", _SOFTMAX, "sum", 2, True), SIZES)
    draw = np.random.default_rng(0).normal
    dz, h = (draw(size=(SIZES["T"], SIZES["B"], SIZES[last])) for last in ("K", "H"))
    values = _locals(function, dz, h, case.arrays)
    own = helpers(function)
    return Site("readout", function, tagged(function), values, readout=True, helpers=own, T="len(dz)", B="dz.shape[1]")


def _reductions() -> Site:
    function = f"{model.__name__}:loss_and_grads"
    arrays: dict[str, np.ndarray] = {}
    for loss in (_SOFTMAX, model.COTANGENT):
        arrays |= from_seed(Model("rnn", "tanh", loss, "sum", 2, loss == _SOFTMAX), SIZES).arrays
    values: dict[str, Any] = {}
    for loss in (_SOFTMAX, model.COTANGENT):  # each runs lines that the other does not
        values |= _locals(function, arrays, cell="rnn", loss=loss)
    values["name"] = "h"  # the state at work in a line that serves all of them
    return Site("model", function, tagged(function), values)


def _locals(function: str, *arguments: Any, **options: Any) -> dict[str, Any]:
    """What every name in a function holds when it returns."""
    returns = [node.lineno for node in ast.walk(tree_of(function)) if isinstance(node, ast.Return)]
    run = edited(function, [Edit(number, ("return locals()",)) for number in returns])
    return {**vars(module_of(function)), "wrong": wrong, **run(*arguments, **options)}
