"""The equations as a description: what each reads, how it is numbered, and that it is the same cell as handgrad's."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

import handgrad.cells
from handgrad.losses import LOSSES
from harness.case import from_seed
from references import equations, extended
from references.arithmetic import Floats
from references.equations import losses
from references.model import Model

CELLS = equations.cells()
NUMBER = re.compile(r"\(\d+[a-z]?\) ")


def test_there_are_equations_for_every_cell_of_handgrad_and_for_no_other() -> None:
    assert handgrad.cells.names() == CELLS


@pytest.mark.parametrize("cell", CELLS)
def test_the_cell_is_handgrads(cell: str) -> None:
    theirs, ours = equations.cell(cell), handgrad.cells.get(cell)
    assert (theirs.GATES, theirs.STATES, theirs.ACTIVATIONS) == (ours.GATES, ours.STATES, ours.ACTIVATIONS)


def test_the_losses_are_handgrads() -> None:
    assert set(losses.NAMES) == {*LOSSES, losses.COTANGENT}
    assert len(set(losses.NAMES)) == len(losses.NAMES)
    assert {*losses.ON_HIDDEN, *losses.ON_INDICES} <= set(losses.NAMES)


@pytest.mark.parametrize("cell", CELLS)
def test_an_equation_reads_only_what_is_known_when_it_is_computed(cell: str) -> None:
    module = equations.cell(cell)
    known = {"x", "ops", "phi", *module.PARAMETERS, *module.STATES}
    for equation in module.EQUATIONS:
        assert set(equations.reads(equation)) <= known, equation.__name__
        assert equation.__name__ not in known  # no quantity is computed twice
        known.add(equation.__name__)
    assert {f"{state}_next" for state in module.STATES} <= known
    assert set(module.GATES) <= known


@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_state_and_quantity_is_read(cell: str) -> None:
    module = equations.cell(cell)
    read = {name for equation in module.EQUATIONS for name in equations.reads(equation)}
    computed = {equation.__name__ for equation in module.EQUATIONS} - {f"{state}_next" for state in module.STATES}
    assert {"x", "phi", *module.PARAMETERS, *module.STATES, *computed} <= read


@pytest.mark.parametrize("cell", CELLS)
def test_equations_are_numbered_in_ascending_order_each_with_a_number_of_its_own(cell: str) -> None:
    docstrings = [equation.__doc__ or "" for equation in equations.cell(cell).EQUATIONS]
    numbers = [match.group() for match in map(NUMBER.match, docstrings) if match]
    assert len(set(numbers)) == len(docstrings)


@pytest.mark.parametrize("function", [losses.readout, losses.cotangent, *losses.LOSSES.values()])
def test_readout_and_losses_are_numbered_after_the_cells(function: object) -> None:
    assert NUMBER.match(function.__doc__ or "")
    assert (function.__doc__ or "").startswith("(6)" if function is losses.readout else "(7)")


@pytest.mark.parametrize("cell", CELLS)
def test_the_trace_has_every_quantity_and_the_states_by_their_own_names(cell: str) -> None:
    module = equations.cell(cell)
    case = from_seed(Model(cell, "tanh", "half-squared-error", "sum", 2, readout=True))
    trace = extended.gradients(case.model, case.arrays).trace
    quantities = {equation.__name__ for equation in module.EQUATIONS} - {f"{state}_next" for state in module.STATES}
    assert set(trace) == {*quantities, *module.STATES, "z"}
    assert {name: len(value) for name, value in trace.items()} == dict.fromkeys(trace, 12)  # T first


@pytest.mark.parametrize("cell", CELLS)
def test_the_trace_satisfies_the_equations(cell: str) -> None:
    """Put back into each equation, the quantities that it reads give the quantity that it computes, at every step."""
    module = equations.cell(cell)
    case = from_seed(Model(cell, "tanh", "half-squared-error", "sum", 2, readout=True))
    functions = {name: function.value for name, function in Floats().functions.items()}
    ops = SimpleNamespace(identity=np.positive, **functions)
    arrays = case.model.for_equations(case.arrays, np.longdouble)
    trace = extended.gradients(case.model, case.arrays).trace
    before = {state: np.concatenate([arrays[f"{state}0"][np.newaxis], trace[state][:-1]]) for state in module.STATES}
    for t in range(12):
        known = {"ops": ops, "phi": ops.tanh, **{name: arrays[name] for name in module.PARAMETERS}, "x": arrays["x"][t]}
        known |= {name: value[t] for name, value in trace.items()}
        known |= {f"{state}_next": trace[state][t] for state in module.STATES}
        known |= {state: before[state][t] for state in module.STATES}
        for equation in module.EQUATIONS:
            value = equation(**{name: known[name] for name in equations.reads(equation)})
            assert np.array_equal(value, known[equation.__name__]), (equation.__name__, t)
